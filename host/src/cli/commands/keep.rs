//! A run keeps the plugin files that it used: `<run>/plugins/<sha256>.so`.

use std::fs;
use std::path::Path;

use crate::engine::{JobExecutor, Session};
use crate::experiment::{
    ExecuteError, Executor, Facts, FileError, Inputs, Job, Observer, Outcome, RunDir, Stop,
};

/// Does jobs; before each it sees that the run has the plugin files, as they were when they were
/// loaded. So a run in which nothing may be done is left as it is.
pub struct Keeping<'a> {
    pub executor: JobExecutor<'a>,
    pub session: &'a Session,
    pub facts: &'a Facts,
    pub run: &'a RunDir,
}

impl Executor for Keeping<'_> {
    fn execute(
        &self,
        job: &Job,
        inputs: &Inputs,
        into: &Path,
        observer: &dyn Observer,
        stop: &Stop,
    ) -> Result<Outcome, ExecuteError> {
        for file in self.session.registry.files() {
            if self.facts.all_plugins().any(|plugin| plugin.sha256 == file.sha256) {
                keep(&self.run.plugin(&file.sha256), file.bytes())?;
            }
        }
        self.executor.execute(job, inputs, into, observer, stop)
    }
}

/// Writes a file unless it is there; it is never there in part.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if path.exists() {
        sweep(folder, path);
        return Ok(());
    }
    fs::create_dir_all(folder)
        .map_err(|error| FileError::new("create the folder", folder, error))?;
    // Several processes may begin one run at the same time.
    let beside = path.with_extension(format!("so.{}", std::process::id()));
    match fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)) {
        Ok(()) => {}
        // Another process was first, and swept.
        Err(_) if path.exists() => {}
        Err(error) => {
            // The first error is the one to tell.
            let _ = fs::remove_file(&beside);
            return Err(FileError::new("write", path, error));
        }
    }
    sweep(folder, path);
    Ok(())
}

/// Removes what killed processes left of a file that is there now.
fn sweep(folder: &Path, path: &Path) {
    let prefix = path.file_name().map(|name| format!("{}.", name.to_string_lossy()));
    let (Some(prefix), Ok(entries)) = (prefix, fs::read_dir(folder)) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // It is in nobody's way: the next process tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugins/ab.so");
        keep(&path, b"one").unwrap();
        fs::write(folder.path().join("plugins/ab.so.1234"), b"of a killed process").unwrap();
        keep(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path().join("plugins")).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plugins"), "").unwrap();
        let error = keep(&folder.path().join("plugins/ab.so"), b"one").unwrap_err().to_string();
        assert!(error.starts_with("cannot create the folder "), "{error}");
    }
}
