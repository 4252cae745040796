//! Whether so many pixels fit into memory: better an error than the kernel's killing.

use std::path::Path;

use super::error::ImageError;

const GIGABYTE: f64 = 1e9;

/// Fails if `bytes` are more than the machine has free; if that is unknown, it does not.
pub fn check(bytes: usize, root: &Path) -> Result<(), ImageError> {
    let known = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    match known {
        Some(free) if bytes as u64 > free => Err(ImageError::Memory {
            path: root.to_owned(),
            need: bytes as f64 / GIGABYTE,
            free: free as f64 / GIGABYTE,
        }),
        _ => Ok(()),
    }
}

/// The bytes that `MemAvailable` of `/proc/meminfo` says.
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_understood() {
        let text = "MemTotal:       24512345 kB\nMemAvailable:   22000000 kB\nCached: 1 kB\n";
        assert_eq!(available(text), Some(22_000_000 * 1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn a_petabyte_is_too_much_and_a_kilobyte_is_not() {
        assert!(check(1024, Path::new("x")).is_ok());
        let error = check(1 << 50, Path::new("photos")).unwrap_err().to_string();
        assert!(error.starts_with("the images of photos need 1125899.9 GB"), "{error}");
    }
}
