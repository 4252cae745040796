//! Which machine this is.

use std::fs;

/// The machine's name, for people.
pub fn name() -> String {
    line("/proc/sys/kernel/hostname").unwrap_or_else(|| "this machine".to_owned())
}

/// Tells apart running kernels: only processes under the same one surely see each other's file
/// locks. Containers of one machine share it even if their names differ.
pub fn boot_id() -> String {
    line("/proc/sys/kernel/random/boot_id").unwrap_or_else(name)
}

/// What the machine's system says that it is, the same after every boot; empty if it does not say.
pub fn machine_id() -> String {
    line("/etc/machine-id").unwrap_or_default()
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
