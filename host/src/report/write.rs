//! Puts the three files of a report into a folder.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::read::ReportError;
use super::run::Run;
use super::{csv, html, markdown};
use crate::failpoint::{Point, reach};

/// Writes `results.csv`, `results.md` and `report.html` into `folder`, which is made where it is
/// missing, and returns their paths. Each file appears whole or not at all: a reader never sees
/// half of one, and a failed attempt leaves the older one.
pub fn write(folder: &Path, run: &Run) -> Result<[PathBuf; 3], ReportError> {
    fs::create_dir_all(folder)
        .map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        replace(&path, text.as_bytes())
            .map_err(|source| ReportError::Write { path: path.clone(), source })?;
        Ok(path)
    };
    Ok([
        file("results.csv", csv(run))?,
        file("results.md", markdown(run))?,
        file("report.html", html(run))?,
    ])
}

/// Removes what killed processes left of these files in a folder, and perhaps what another process
/// is just writing: [`write`] tries again then. What cannot be removed is in nobody's way.
pub fn sweep(folder: &Path) {
    let files = ["results.csv.", "results.md.", "report.html."];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".tmp") && files.iter().any(|file| name.starts_with(file)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Puts a file in the place of an older one, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    match replace_once(path, bytes) {
        Err(error) if error.kind() == ErrorKind::NotFound => replace_once(path, bytes),
        done => done,
    }
}

/// Writes beside `path` and renames over it.
fn replace_once(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // The process number keeps two processes that report the same run apart.
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| {
            reach(Point::ReportRename);
            fs::rename(&temporary, path)
        });
    if written.is_err() {
        // The first error is the one to tell; this only tidies up.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn three_files_replace_older_ones_and_leave_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b");
        let run = sample::tiny();
        write(&out, &run).unwrap();
        fs::write(out.join("results.csv"), "old").unwrap();
        let paths = write(&out, &run).unwrap();
        assert_eq!(fs::read_to_string(&paths[0]).unwrap(), csv(&run));
        assert_eq!(fs::read_to_string(&paths[1]).unwrap(), markdown(&run));
        assert_eq!(fs::read_to_string(&paths[2]).unwrap(), html(&run));
        assert_eq!(fs::read_dir(&out).unwrap().count(), 3);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("results.csv");
        fs::create_dir(&taken).unwrap();
        let error = write(folder.path(), &sample::tiny()).unwrap_err();
        assert!(error.to_string().contains("results.csv"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
