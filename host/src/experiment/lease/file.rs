//! The lock files: one line that says who holds the lease, and a count of heartbeats.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::Holder;
use crate::experiment::rundir::RunDir;

/// More than any holder's line and count.
const LONGEST: usize = 4096;

pub fn lock_path(run: &RunDir, name: &str) -> PathBuf {
    // `~` is not allowed in names, so different jobs have different files.
    run.path().join("locks").join(format!("{}.lock", name.replace('/', "~")))
}

/// Opens or creates the lock file; `None` if its folder was removed in between.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let opened = fs::create_dir_all(folder).and_then(|()| {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    });
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Creating a folder that vanishes at that moment says that it exists.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !folder.exists() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(None),
        other => other.map(Some),
    }
}

/// Whether the open file is the one that has this name.
pub fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => ours.ino() == there.ino() && ours.dev() == there.dev(),
        _ => false,
    }
}

/// All that is in the file, and whose lease it says it is.
pub fn content(file: &File) -> (Vec<u8>, Option<Holder>) {
    let mut bytes = vec![0; LONGEST];
    let length = file.read_at(&mut bytes, 0).unwrap_or(0);
    bytes.truncate(length);
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let holder = serde_json::from_slice(line).ok();
    (bytes, holder)
}
