//! Who does what: one lease per job, so that any number of processes share a run.
//!
//! A lease is an advisory lock on a file of its own. The system releases it when its process
//! dies, however it dies. File systems that do not carry locks to other machines are covered by
//! a heartbeat: the holder touches the file, and a lease of another machine counts as held until
//! its heartbeat is two minutes old. (Machines that share a run need clocks that agree to better
//! than that.)

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::files::FileError;
use super::host;
use super::key::JobKey;
use super::rundir::RunDir;

const BEAT: Duration = Duration::from_secs(20);
/// Six missed beats.
const DEAD: Duration = Duration::from_secs(120);

/// The right to do a job; given back when dropped.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    file: File,
    stop: Option<mpsc::Sender<()>>,
    beat: Option<JoinHandle<()>>,
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine's name.
    pub host: String,
    /// Its kernel's boot id.
    pub boot: String,
    pub pid: u32,
    /// When it took the lease, in seconds since 1970.
    pub since: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, pid, since, .. } = self;
        if *pid == 0 {
            return write!(f, "another process");
        }
        let minutes = now().saturating_sub(*since) / 60;
        write!(f, "process {pid} on {host} for {minutes} min")
    }
}

/// What came of asking for a lease.
#[derive(Debug)]
pub enum Attempt {
    Acquired(Lease),
    /// Somebody has it.
    Held(Holder),
}

impl Lease {
    /// Asks for the lease of a job; does not wait.
    ///
    /// # Errors
    /// The lock file cannot be written, or the file system has no locks.
    pub fn try_acquire(run: &RunDir, key: &JobKey) -> Result<Attempt, FileError> {
        Self::try_named(run, &key.path())
    }

    /// Waits for the lease of the run directory's own files; it is held for moments only.
    pub(super) fn of_run(run: &RunDir) -> Result<Self, FileError> {
        loop {
            match Self::try_named(run, "run")? {
                Attempt::Acquired(lease) => return Ok(lease),
                Attempt::Held(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn try_named(run: &RunDir, name: &str) -> Result<Attempt, FileError> {
        let path = lock_path(run, name);
        let failed = |source| FileError::new("lock", &path, source);
        loop {
            let Some(mut file) = open(&path).map_err(failed)? else { continue };
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    return Ok(Attempt::Held(read_holder(&mut file).unwrap_or_else(unknown)));
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Ok(()) => {}
            }
            // Its last holder may have removed the file between our opening and locking it.
            if !is_at(&file, &path) {
                continue;
            }
            if let Some(holder) = read_holder(&mut file)
                && lives_elsewhere(&file, &holder)
            {
                return Ok(Attempt::Held(holder));
            }
            return Self::take(path.clone(), file).map(Attempt::Acquired).map_err(failed);
        }
    }

    fn take(path: PathBuf, mut file: File) -> io::Result<Self> {
        let holder = Holder {
            host: host::name(),
            boot: host::boot_id(),
            pid: std::process::id(),
            since: now(),
        };
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(serde_json::to_string(&holder)?.as_bytes())?;
        let beating = file.try_clone()?;
        let (stop, stopped) = mpsc::channel::<()>();
        let beat = thread::Builder::new().name("lease".to_owned()).spawn(move || {
            while stopped.recv_timeout(BEAT) == Err(mpsc::RecvTimeoutError::Timeout) {
                // One missed beat does no harm, and the next may succeed.
                let _ = beating.set_modified(SystemTime::now());
            }
        })?;
        Ok(Self { path, file, stop: Some(stop), beat: Some(beat) })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(beat) = self.beat.take() {
            // It only sleeps and touches; if it died, there is nothing left to stop.
            let _ = beat.join();
        }
        // Removed while still locked: nobody else can hold the file that goes. What cannot be
        // removed is harmless, since the lock itself ends with the file's closing.
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        if let Some(folder) = self.path.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Who does a job at the moment, if anybody.
pub(super) fn holder(run: &RunDir, key: &JobKey) -> Option<Holder> {
    let mut file = File::open(lock_path(run, &key.path())).ok()?;
    let found = read_holder(&mut file);
    match file.try_lock_shared() {
        Err(_) => Some(found.unwrap_or_else(unknown)),
        Ok(()) => found.filter(|holder| lives_elsewhere(&file, holder)),
    }
}

fn lock_path(run: &RunDir, name: &str) -> PathBuf {
    // `~` is not allowed in names, so different jobs have different files.
    run.path().join("locks").join(format!("{}.lock", name.replace('/', "~")))
}

/// Opens or creates the lock file; `None` if its folder was removed in between.
fn open(path: &Path) -> io::Result<Option<File>> {
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

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => ours.ino() == there.ino() && ours.dev() == there.dev(),
        _ => false,
    }
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether a lease whose lock we got is still that of a live process on another machine.
fn lives_elsewhere(file: &File, holder: &Holder) -> bool {
    let touched = file.metadata().and_then(|found| found.modified());
    let age = touched.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default();
    holder.boot != host::boot_id() && age <= DEAD
}

fn unknown() -> Holder {
    Holder { host: String::new(), boot: String::new(), pid: 0, since: 0 }
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> (tempfile::TempDir, RunDir, JobKey) {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        (folder, run, "draw/imp/seed-1/level-00".parse().unwrap())
    }

    fn acquire(run: &RunDir, key: &JobKey) -> Option<Lease> {
        match Lease::try_acquire(run, key).unwrap() {
            Attempt::Acquired(lease) => Some(lease),
            Attempt::Held(_) => None,
        }
    }

    #[test]
    fn one_at_a_time_and_nothing_left() {
        let (_folder, run, key) = run();
        let lease = acquire(&run, &key).unwrap();
        assert!(acquire(&run, &key).is_none());
        assert_eq!(holder(&run, &key).unwrap().pid, std::process::id());
        assert!(acquire(&run, &"draw/imp/seed-2/level-00".parse().unwrap()).is_some());
        drop(lease);
        assert!(holder(&run, &key).is_none());
        assert!(!run.path().join("locks").exists());
        assert!(acquire(&run, &key).is_some());
    }

    #[test]
    fn a_lease_of_another_machine_lives_by_its_heartbeat() {
        let (_folder, run, key) = run();
        let elsewhere = Holder { host: "far".into(), boot: "other".into(), pid: 7, since: now() };
        let path = lock_path(&run, &key.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, serde_json::to_string(&elsewhere).unwrap()).unwrap();
        assert!(acquire(&run, &key).is_none());
        assert_eq!(holder(&run, &key).unwrap(), elsewhere);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(121)).unwrap();
        assert!(holder(&run, &key).is_none());
        assert!(acquire(&run, &key).is_some());
    }

    #[test]
    fn a_dead_process_of_this_machine_holds_nothing() {
        let (_folder, run, key) = run();
        let path = lock_path(&run, &key.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let dead = Holder { host: host::name(), boot: host::boot_id(), pid: 1, since: 0 };
        fs::write(&path, serde_json::to_string(&dead).unwrap()).unwrap();
        assert!(acquire(&run, &key).is_some());
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let (_folder, run, key) = run();
        fs::write(run.path().join("locks"), "").unwrap();
        let error = Lease::try_acquire(&run, &key).unwrap_err().to_string();
        assert!(error.starts_with("cannot lock ") && error.contains("locks/draw~imp"), "{error}");
    }

    #[test]
    fn threads_never_hold_the_same_lease() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (_folder, run, key) = run();
        let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        if let Some(lease) = acquire(&run, &key) {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            taken.fetch_add(1, Ordering::SeqCst);
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(lease);
                        }
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
    }
}
