//! Free space, asked of `df`: std has no such question, and `df -Pk` is the same everywhere.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Bytes that can still be written under `folder`; `None` where `df` does not say.
pub fn free(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// The number before the percentage: names of devices and mount points may hold spaces.
fn parse(output: &str) -> Option<u64> {
    let words: Vec<&str> = output.lines().nth(1)?.split_whitespace().collect();
    let percent = words.iter().position(|word| {
        word.strip_suffix('%').is_some_and(|number| number.parse::<u32>().is_ok())
    })?;
    let kilobytes: u64 = words.get(percent.checked_sub(1)?)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Bytes in a folder while it is being written: what vanishes meanwhile counts nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// In `.whl` files: what was downloaded.
    pub wheels: u64,
    /// In all other files: what was unpacked.
    pub files: u64,
}

pub fn size(folder: &Path) -> Size {
    let mut size = Size::default();
    let Ok(entries) = fs::read_dir(folder) else { return size };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            let inner = self::size(&entry.path());
            size.wheels += inner.wheels;
            size.files += inner.files;
        } else if entry.path().extension().is_some_and(|e| e == "whl") {
            size.wheels += metadata.len();
        } else {
            size.files += metadata.len();
        }
    }
    size
}

/// `1.2 GB` or `340 MB`, decimal as pip and disk makers count.
pub fn readable(bytes: u64) -> String {
    let megabytes = bytes / 1_000_000;
    if megabytes < 1000 {
        format!("{megabytes} MB")
    } else {
        format!("{}.{} GB", megabytes / 1000, megabytes % 1000 / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_is_read_whatever_the_names() {
        let head = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n";
        for (line, expected) in [
            ("/dev/vda        264212084 19723836  75562052      21% /", Some(75_562_052 * 1024)),
            ("//nas/my share  1000 900 100 90% /mnt/two words", Some(100 * 1024)),
            ("tmpfs 1000 1000 0 100% /tmp", Some(0)),
            ("nonsense", None),
            ("50% full", None),
        ] {
            assert_eq!(parse(&format!("{head}{line}\n")), expected, "{line}");
        }
        assert_eq!(parse(""), None);
        assert_eq!(parse(head), None);
    }

    #[test]
    fn this_machine_says_how_much_is_free() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free(folder.path()).is_some());
        assert_eq!(free(&folder.path().join("not-there")), None);
    }

    #[test]
    fn wheels_and_files_are_counted_apart() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::write(folder.path().join("in/torch.whl"), [0; 700]).unwrap();
        fs::write(folder.path().join("in/a.so"), [0; 20]).unwrap();
        fs::write(folder.path().join("b.h"), [0; 3]).unwrap();
        assert_eq!(size(folder.path()), Size { wheels: 700, files: 23 });
        assert_eq!(size(&folder.path().join("gone")), Size::default());
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(readable(0), "0 MB");
        assert_eq!(readable(999_999_999), "999 MB");
        assert_eq!(readable(1_234_000_000), "1.2 GB");
        assert_eq!(readable(75_562_052 * 1024), "77.3 GB");
    }
}
