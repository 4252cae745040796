//! The folder `.libtorch`: who may write it, and the link in it that cargo's config names.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::problem::Problem;

/// `.libtorch`, held by this process alone until dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    // Closing the file gives the lock back, also when the process is killed.
    _lock: File,
}

const PARTIAL: &str = "partial-";

impl Folder {
    /// Makes the folder if needed and waits for another set-up that is at work in it.
    pub fn take(path: &Path) -> Result<Self, Problem> {
        fs::create_dir_all(path).map_err(io("make the folder", path))?;
        let file = path.join(".lock");
        let lock = File::create(&file).map_err(io("write", &file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!("setup: another `cargo xtask setup` is at work here; waiting for it");
                lock.lock().map_err(io("lock", &file))?;
            }
            Err(TryLockError::Error(source)) => return Err(io("lock", &file)(source)),
        }
        Ok(Self { path: path.to_path_buf(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A fresh folder to install into. Whatever an interrupted set-up left behind goes first.
    pub fn partial(&self) -> Result<PathBuf, Problem> {
        self.remove_partial()?;
        let partial = self.path.join(format!("{PARTIAL}{}", std::process::id()));
        fs::create_dir(&partial).map_err(io("make the folder", &partial))?;
        Ok(partial)
    }

    pub fn remove_partial(&self) -> Result<(), Problem> {
        let entries = fs::read_dir(&self.path).map_err(io("read the folder", &self.path))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                fs::remove_dir_all(entry.path()).map_err(io("remove", &entry.path()))?;
            }
        }
        Ok(())
    }

    /// Puts a whole, checked installation at its place.
    pub fn adopt(&self, installed: &Path, name: &str) -> Result<PathBuf, Problem> {
        let place = self.path.join(name);
        self.remove(name)?;
        fs::rename(installed, &place).map_err(io("move files to", &place))?;
        Ok(place)
    }

    /// Removes an installation, if there is one.
    pub fn remove(&self, name: &str) -> Result<(), Problem> {
        let place = self.path.join(name);
        match fs::remove_dir_all(&place) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(io("remove", &place)(source))
            }
            _ => Ok(()),
        }
    }

    /// Points `torch` at `target`, replacing an older link in one step. The loader finds the
    /// CUDA libraries beside torch (`$ORIGIN/../../nvidia`) through the link, too, because `..`
    /// is resolved from where the link leads.
    pub fn link(&self, target: &Path) -> Result<(), Problem> {
        let link = self.path.join("torch");
        let fresh = self.path.join(".torch-link");
        let _ = fs::remove_file(&fresh);
        std::os::unix::fs::symlink(target, &fresh).map_err(io("make the link", &fresh))?;
        fs::rename(&fresh, &link).map_err(io("make the link", &link))
    }
}

/// Turns an I/O error into a problem that says what was being done.
pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Problem {
    let path = path.to_path_buf();
    move |source| Problem::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::setup::libtorch::{Libtorch, tests::fake};

    #[test]
    fn a_link_is_made_replaced_and_can_be_built_against() {
        let root = tempfile::tempdir().unwrap();
        for (name, version) in [("one", "2.11.0"), ("two", "2.11.1")] {
            fake(&root.path().join(name).join("torch"), version);
        }
        let folder = Folder::take(&root.path().join(".libtorch")).unwrap();
        folder.link(&root.path().join("one/torch")).unwrap();
        // Relative to the link, as a fetched set is linked: the checkout can then be moved.
        folder.link(Path::new("../two/torch")).unwrap();
        let found = Libtorch::inspect(&root.path().join(".libtorch/torch")).unwrap();
        assert_eq!(found.version.to_string(), "2.11.1");
        let names = |p: &Path| fs::read_dir(p).unwrap().count();
        assert_eq!(names(folder.path()), 2, "the lock and the link");
    }

    #[test]
    fn a_real_folder_is_never_replaced_by_a_link() {
        let root = tempfile::tempdir().unwrap();
        fake(&root.path().join("torch"), "2.10.0");
        let folder = Folder::take(root.path()).unwrap();
        assert!(matches!(folder.link(Path::new("/x")), Err(Problem::Io { .. })));
        assert!(root.path().join("torch/version.py").is_file());
    }

    #[test]
    fn leftovers_go_and_a_new_installation_replaces_the_old_one() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::take(root.path()).unwrap();
        fs::create_dir_all(root.path().join("partial-1/deep")).unwrap();
        fake(&root.path().join("light/torch"), "2.10.0");
        let partial = folder.partial().unwrap();
        assert!(!root.path().join("partial-1").exists());
        fake(&partial.join("torch"), "2.11.0");
        let place = folder.adopt(&partial, "light").unwrap();
        assert!(Libtorch::inspect(&place.join("torch")).is_ok());
        assert!(!partial.exists());
        folder.remove("light").unwrap();
        folder.remove("light").unwrap();
        assert!(!place.exists());
    }

    #[test]
    fn a_second_set_up_waits_for_the_first() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().to_path_buf();
        let first = Folder::take(&path).unwrap();
        let (send, receive) = mpsc::channel();
        let second = std::thread::spawn(move || {
            let folder = Folder::take(&path);
            send.send(()).unwrap();
            folder.map(|_| ())
        });
        assert!(receive.recv_timeout(Duration::from_millis(200)).is_err(), "it waits");
        drop(first);
        receive.recv_timeout(Duration::from_secs(20)).unwrap();
        second.join().unwrap().unwrap();
    }
}
