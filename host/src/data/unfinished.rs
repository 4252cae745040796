//! Files and folders that are written beside their place and renamed when they are whole.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// How their names begin.
pub const PREFIX: &str = ".unfinished-";

/// Nobody takes longer to write one.
const OLD: Duration = Duration::from_secs(6 * 3600);

/// Removes from a folder what processes left that were killed while they wrote.
pub fn tidy(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
    for entry in entries.filter(|entry| ours(&entry.file_name())) {
        let Ok(data) = entry.metadata() else { continue };
        let age = data.modified().ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > OLD) {
            // Another process may have been quicker.
            let _ = match data.is_dir() {
                true => fs::remove_dir_all(entry.path()),
                false => fs::remove_file(entry.path()),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn old_ones_go_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".unfinished-old", ".unfinished-new", "whole"] {
            fs::write(at(name), "x").unwrap();
        }
        fs::create_dir(at(".unfinished-folder")).unwrap();
        let long_ago = SystemTime::now() - 2 * OLD;
        for name in [".unfinished-old", "whole", ".unfinished-folder"] {
            File::open(at(name)).unwrap().set_modified(long_ago).unwrap();
        }
        tidy(folder.path());
        let left: Vec<bool> = [".unfinished-old", ".unfinished-folder", ".unfinished-new", "whole"]
            .map(|name| at(name).exists())
            .to_vec();
        assert_eq!(left, [false, false, true, true]);
    }
}
