//! Files that are either whole or not there: everything is written beside its place, flushed to
//! the disk and renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failpoint::{Point, reach};

/// A file operation that failed: what, where, why, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
pub struct FileError {
    /// What was tried, as in "cannot write".
    pub action: &'static str,
    /// Where.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileError {
    /// An error of `action` at `path`.
    pub fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }

    /// Whether every other job would meet it, too: no space, no permission, read-only.
    pub fn stops_everything(&self) -> bool {
        !advice(&self.source).is_empty()
    }
}

fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            "; free some space and run again: whatever is finished is kept"
        }
        Kind::FileTooLarge => "; raise the limit on file sizes and run again",
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => {
            "; make it writable or choose another folder with --out"
        }
        Kind::NotADirectory => "; something that is no folder is in the way",
        _ => "",
    }
}

/// Creates a folder and all above it.
pub fn create_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::new("create the folder", path, source))
}

/// The bytes of a file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(FileError::new("read", path, source)),
    }
}

/// The names in a folder, sorted; none if there is no such folder.
pub fn list(folder: &Path) -> Result<Vec<String>, FileError> {
    let failed = |source| FileError::new("list", folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no UTF-8 was not made here.
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Writes a whole file or nothing. The caller holds the lease of whatever the file belongs to:
/// leftovers of a killed writer of the same file are removed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, |temporary| {
        let mut file = File::create(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    })
}

/// Puts the content of `from` at `to`, too: as a hard link where the file system has them, else
/// as a copy. Same rules as [`write`].
pub fn place(from: &Path, to: &Path) -> Result<(), FileError> {
    replace(to, |temporary| {
        if fs::hard_link(from, temporary).is_ok() {
            return Ok(());
        }
        fs::copy(from, temporary)?;
        File::open(temporary)?.sync_all()
    })
}

fn replace(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FileError> {
    let (parent, name) = split(path);
    create_folder(parent)?;
    sweep(parent, name)?;
    let temporary = temporary(parent, name);
    let whole = fill(&temporary).and_then(|()| {
        reach(Point::FileRename);
        fs::rename(&temporary, path)
    });
    if let Err(source) = whole {
        // The first error is the one to tell; a leftover is swept later.
        let _ = fs::remove_file(&temporary);
        return Err(FileError::new("write", path, source));
    }
    sync_folder(parent)
}

fn split(path: &Path) -> (&Path, &str) {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    (path.parent().unwrap_or(Path::new(".")), name)
}

/// A name that nobody else uses: `.<name>.tmp-<pid>-<n>`.
fn temporary(parent: &Path, name: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    parent.join(format!(".{name}.tmp-{}-{number}", std::process::id()))
}

/// Removes what killed writers of `name` left in `parent`. Only for the holder of its lease.
pub fn sweep(parent: &Path, name: &str) -> Result<(), FileError> {
    let prefix = format!(".{name}.tmp-");
    for leftover in list(parent)?.iter().filter(|found| found.starts_with(&prefix)) {
        remove(&parent.join(leftover))?;
    }
    Ok(())
}

/// Removes a file or a whole folder, if it is there.
pub fn remove(path: &Path) -> Result<(), FileError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if !is_absent(&error) => Err(FileError::new("remove", path, error)),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<(), FileError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| FileError::new("flush", folder, source))
}

/// Flushes every file and folder under `folder`, and itself.
fn sync_all(folder: &Path) -> Result<(), FileError> {
    for name in list(folder)? {
        let path = folder.join(name);
        let kind = fs::symlink_metadata(&path);
        let kind = kind.map_err(|source| FileError::new("read", &path, source))?.file_type();
        if kind.is_dir() {
            sync_all(&path)?;
        } else if kind.is_file() {
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(|source| FileError::new("flush", &path, source))?;
        }
    }
    sync_folder(folder)
}

/// The bytes that the files under `folder` take; links do not count.
pub fn size(folder: &Path) -> Result<u64, FileError> {
    let mut total = 0;
    for name in list(folder)? {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => total += size(&path)?,
            Ok(found) if found.is_file() => total += found.len(),
            _ => {}
        }
    }
    Ok(total)
}

/// A folder being filled beside its place; removed when dropped before it is kept.
#[derive(Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
    place: PathBuf,
    kept: bool,
}

impl TemporaryFolder {
    /// Begins the folder that is to stand at `place`. Only for the holder of its lease: what
    /// killed writers of it left is removed.
    pub fn create(place: &Path) -> Result<Self, FileError> {
        let (parent, name) = split(place);
        create_folder(parent)?;
        sweep(parent, name)?;
        let path = temporary(parent, name);
        create_folder(&path)?;
        Ok(Self { path, place: place.to_owned(), kept: false })
    }

    /// Where it is filled.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes it and renames it to its place, in the stead of what may stand there.
    pub fn keep(mut self) -> Result<(), FileError> {
        sync_all(&self.path)?;
        let (parent, name) = split(&self.place);
        let failed = |source| FileError::new("rename", &self.place, source);
        let old = temporary(parent, name);
        let replaces = self.place.exists();
        if replaces {
            fs::rename(&self.place, &old).map_err(failed)?;
        }
        fs::rename(&self.path, &self.place).map_err(failed)?;
        self.kept = true;
        sync_folder(parent)?;
        if replaces { remove(&old) } else { Ok(()) }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if !self.kept {
            // Nobody is left to tell; the next holder of the lease sweeps.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/a.json");
        write(&path, b"one").unwrap();
        fs::write(folder.path().join("deep/.a.json.tmp-1-0"), b"torn").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(list(&folder.path().join("deep")).unwrap(), ["a.json"]);
    }

    #[test]
    fn a_folder_that_is_not_kept_vanishes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("level-00");
        let temporary = TemporaryFolder::create(&place).unwrap();
        fs::write(temporary.path().join("x"), b"x").unwrap();
        drop(temporary);
        assert!(list(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_kept_folder_replaces_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("level-00");
        for name in ["old", "new"] {
            let temporary = TemporaryFolder::create(&place).unwrap();
            fs::write(temporary.path().join(name), b"12345").unwrap();
            temporary.keep().unwrap();
        }
        assert_eq!(list(&place).unwrap(), ["new"]);
        assert_eq!(list(folder.path()).unwrap(), ["level-00"]);
        assert_eq!(size(folder.path()).unwrap(), 5);
    }

    #[test]
    fn errors_name_the_path_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("draw"), b"").unwrap();
        let error = write(&folder.path().join("draw/imp/x"), b"").unwrap_err();
        assert!(error.stops_everything());
        let text = error.to_string();
        assert!(
            text.starts_with("cannot create the folder ") && text.contains("draw/imp"),
            "{text}"
        );
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let text = FileError::new("write", Path::new("a/b"), full).to_string();
        assert!(text.contains("cannot write a/b") && text.contains("free some space"), "{text}");
    }

    #[test]
    fn placing_what_is_not_there_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = place(Path::new("/nowhere/at/all"), &folder.path().join("x")).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        assert!(list(folder.path()).unwrap().is_empty());
    }
}
