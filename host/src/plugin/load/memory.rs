//! A private copy of a file that the system's loader can open.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};

/// Bytes behind a path that no other copy of this process has or will have.
///
/// The loader knows libraries by their paths: were a descriptor closed and its number used again,
/// the second plugin would silently be the first. So the descriptor stays open.
pub struct Copy {
    path: PathBuf,
    // Only the fall-back is a file on disk, needed until the loader has opened it.
    _file: Option<tempfile::NamedTempFile>,
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
    std::mem::forget(file);
    Ok(Copy { path, _file: None })
}

fn on_disk(bytes: &[u8]) -> io::Result<Copy> {
    let mut file = tempfile::Builder::new().prefix("jackpot-").suffix(".so").tempfile()?;
    file.write_all(bytes)?;
    Ok(Copy { path: file.path().to_owned(), _file: Some(file) })
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

    #[test]
    fn no_two_copies_share_a_path() {
        let first = in_memory(b"abc").unwrap().path().to_owned();
        assert_ne!(in_memory(b"def").unwrap().path(), first);
    }
}
