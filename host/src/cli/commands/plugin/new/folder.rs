//! A folder of files that is there as a whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;

/// Writes files (path within the folder, text) as a new folder. What is there is never touched.
///
/// # Errors
///
/// Something of that name, no folder to make it in, or a disk that is full or not writable; nothing
/// is then left behind.
pub fn write(folder: &Path, files: &[(String, String)]) -> Result<(), Failure> {
    let shown = folder.display();
    if fs::symlink_metadata(folder).is_ok() {
        return Err(Failure::usage(format!("{shown} is there already; choose another --path")));
    }
    let (Some(name), Some(parent)) = (folder.file_name(), folder.parent()) else {
        return Err(Failure::usage(format!("{shown} is no name for a folder")));
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    if !parent.is_dir() {
        let parent = parent.display();
        return Err(Failure::usage(format!("there is no folder {parent} to make {shown} in")));
    }
    let hidden = format!(".{}.{}", name.to_string_lossy(), std::process::id());
    let begun = Unfinished(parent.join(hidden));
    let failed = |error: io::Error| Failure::other(format!("cannot write {shown}: {error}"));
    fs::create_dir(&begun.0).map_err(failed)?;
    for (path, text) in files {
        let path = begun.0.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(path, text).map_err(failed)?;
    }
    fs::rename(&begun.0, folder).map_err(failed)
}

/// A folder that goes unless it was renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(String, String)> {
        [("a.txt", "one"), ("src/b.txt", "two")].map(|(p, t)| (p.to_owned(), t.to_owned())).into()
    }

    #[test]
    fn all_files_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new");
        write(&place, &files()).unwrap();
        assert_eq!(fs::read_to_string(place.join("src/b.txt")).unwrap(), "two");
        fs::write(place.join("a.txt"), "mine").unwrap();
        let error = write(&place, &files()).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.message().contains("is there already"), "{}", error.message());
        assert_eq!(fs::read_to_string(place.join("a.txt")).unwrap(), "mine");
        // A file cannot be a folder: the second name fails.
        let bad = [("a".to_owned(), String::new()), ("a/b".to_owned(), String::new())];
        assert_eq!(write(&folder.path().join("other"), &bad).unwrap_err().code(), 1);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing is left behind: {left:?}");
        let error = write(&folder.path().join("no/where"), &files()).unwrap_err().message();
        assert!(error.starts_with("there is no folder"), "{error}");
    }
}
