//! A private copy of a file that the system's loader can open.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};

/// Bytes behind a path of their own. The copy lives in memory, and the loader's mappings keep it
/// alive after this value is dropped.
pub struct Copy {
    path: PathBuf,
    // Keeps the descriptor, and so the path, until the loader has opened it.
    _file: Holder,
}

enum Holder {
    Memory { _file: File },
    Disk { _file: tempfile::NamedTempFile },
}

impl Copy {
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        // A system may forbid executable memory files (vm.memfd_noexec) or lack /proc.
        match in_memory(bytes) {
            Ok(copy) => Ok(copy),
            Err(_) => on_disk(bytes),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn in_memory(bytes: &[u8]) -> io::Result<Copy> {
    // SAFETY: the name is a C string; the result is checked.
    let descriptor = unsafe { libc::memfd_create(c"jackpot-plugin".as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and belongs to nobody else.
    let mut file = unsafe { File::from_raw_fd(descriptor) };
    file.write_all(bytes)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    path.metadata()?;
    Ok(Copy { path, _file: Holder::Memory { _file: file } })
}

fn on_disk(bytes: &[u8]) -> io::Result<Copy> {
    let mut file = tempfile::Builder::new().prefix("jackpot-").suffix(".so").tempfile()?;
    file.write_all(bytes)?;
    Ok(Copy { path: file.path().to_owned(), _file: Holder::Disk { _file: file } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_copies_hold_the_bytes() {
        for copy in [in_memory(b"abc").unwrap(), on_disk(b"abc").unwrap()] {
            assert_eq!(std::fs::read(copy.path()).unwrap(), b"abc");
        }
    }
}
