//! A download that is not whole yet: `NAME.part`, and `NAME.part.json` that says of what.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a server said of a file, by which a later request knows whether it is still the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub url: String,
    /// A strong ETag, else the date of the last change, as the server wrote them.
    pub validator: Option<String>,
    pub total: Option<u64>,
}

/// An unfinished download, which no other process works on. Dropped without a byte, it is removed.
#[derive(Debug)]
pub struct Partial {
    pub path: PathBuf,
    about: PathBuf,
    file: File,
}

impl Partial {
    /// That of a file: what an earlier process left, or a new one.
    pub fn of(to: &Path) -> io::Result<Self> {
        let with = |ending: &str| {
            let mut name = to.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let (path, about) = (with(".part"), with(".part.json"));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let busy = "another process is fetching it; wait for that, or end it";
                Err(io::Error::new(io::ErrorKind::ResourceBusy, busy))
            }
            // A file system without locks.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { path, about, file }),
        }
    }

    /// How many bytes are there, and of what. Nothing if it is of another address, or unclear.
    pub fn state(&self, url: &str) -> (u64, Origin) {
        let about = fs::read(&self.about).ok();
        let origin = about.and_then(|bytes| serde_json::from_slice::<Origin>(&bytes).ok());
        match origin.filter(|origin| origin.url == url) {
            Some(origin) => (self.len(), origin),
            None => (0, Origin { url: url.to_owned(), ..Origin::default() }),
        }
    }

    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    /// Begins with nothing.
    pub fn start(&mut self, origin: &Origin) -> io::Result<()> {
        // In this order: bytes of before must never have the new description.
        self.clear()?;
        fs::write(&self.about, serde_json::to_vec(origin)?)
    }

    /// Throws away all bytes.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Puts bytes at the end.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes)
    }

    /// Moves the file to its place; the description goes.
    pub fn adopt(self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, to)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Of an empty file, and of one that was moved away.
        if self.len() == 0 {
            let _ = fs::remove_file(&self.path);
        }
        if !self.path.exists() {
            let _ = fs::remove_file(&self.about);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn only_bytes_of_the_same_address_are_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a.zip");
        let mut partial = Partial::of(&to).unwrap();
        assert_eq!(partial.state("u").0, 0);
        let origin =
            Origin { url: "u".to_owned(), validator: Some("\"x\"".to_owned()), total: Some(9) };
        partial.start(&origin).unwrap();
        partial.append(b"12").unwrap();
        drop(partial);
        let mut partial = Partial::of(&to).unwrap();
        partial.append(b"34").unwrap();
        assert_eq!(partial.state("u"), (4, origin.clone()));
        assert_eq!(partial.state("v").0, 0);
        fs::write(folder.path().join("a.zip.part.json"), "{").unwrap();
        assert_eq!(partial.state("u").0, 0);
        partial.start(&origin).unwrap();
        assert_eq!(partial.state("u").0, 0, "the bytes of before are gone");
        partial.append(b"5").unwrap();
        partial.adopt(&to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"5");
        assert_eq!(count(folder.path()), 1);
    }

    #[test]
    fn nothing_is_left_of_nothing_and_two_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a.zip");
        let mut first = Partial::of(&to).unwrap();
        first.start(&Origin::default()).unwrap();
        let second = Partial::of(&to).unwrap_err();
        assert!(second.to_string().contains("another process is fetching it"), "{second}");
        drop(first);
        assert_eq!(count(folder.path()), 0);
    }
}
