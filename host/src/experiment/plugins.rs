//! The run's own copies of the plugin files that it used.

use std::path::PathBuf;

use super::files::{self, FileError};
use super::lease::Lease;
use super::rundir::RunDir;

impl RunDir {
    /// Where the copy of a plugin file with this hash belongs.
    pub fn plugin(&self, sha256: &str) -> PathBuf {
        self.path().join("plugins").join(format!("{sha256}.so"))
    }

    /// Keeps a copy of a plugin file, whose bytes have this hash: what stands there with other
    /// bytes was damaged, and is replaced.
    ///
    /// # Errors
    /// The disk.
    pub fn keep_plugin(&self, sha256: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.plugin(sha256);
        let is_whole = || Ok(files::read(&path)?.is_some_and(|found| found == bytes));
        if is_whole()? {
            return Ok(());
        }
        // Several processes may begin one run at the same time.
        let _lease = Lease::of_run(self)?;
        match is_whole()? {
            true => Ok(()),
            false => files::write(&path, bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn run() -> (tempfile::TempDir, RunDir) {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        (folder, run)
    }

    #[test]
    fn what_is_whole_is_left_alone_and_what_is_not_is_replaced() {
        let (_folder, run) = run();
        let path = run.plugin("ab");
        run.keep_plugin("ab", b"one").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        run.keep_plugin("ab", b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
        // As a power cut may leave it; and a writer that was killed.
        for damaged in ["", "on", "ona"] {
            fs::write(&path, damaged).unwrap();
            fs::write(path.with_file_name(".ab.so.tmp-1-0"), "on").unwrap();
            run.keep_plugin("ab", b"one").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"one");
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let (folder, run) = run();
        fs::write(folder.path().join("plugins"), "").unwrap();
        let error = run.keep_plugin("ab", b"one").unwrap_err().to_string();
        assert!(error.starts_with("cannot create the folder "), "{error}");
    }
}
