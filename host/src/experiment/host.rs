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

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
