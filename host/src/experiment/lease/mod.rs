//! Who does what: one lease per job, so that any number of processes share a run.
//!
//! A lease is an advisory lock on a file of its own. The system releases it when its process
//! dies, however it dies. The holder's name is in the file, and a count that it raises at every
//! heartbeat: so a holder on another machine counts as alive where file systems do not carry
//! locks between machines, and one that hangs counts as dead where they do. Who waits judges by
//! its own clock alone ([`silence`]).
//!
//! A process that was taken for dead and wakes up finds that its lease is another's
//! ([`Lease::is_ours`]) and lets go of its result.

mod file;
mod silence;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use self::file::{content, is_at, lock_path, open};
use self::silence::{forget, is_silent};
use super::files::FileError;
use super::host;
use super::key::JobKey;
use super::rundir::RunDir;
use crate::failpoint::{Point, reach};

const BEAT: Duration = Duration::from_secs(20);
/// Six missed beats.
const DEAD: Duration = Duration::from_secs(120);
/// After it took a lease over from another machine, a process looks once more whether it has it:
/// without locks between machines, two may have come at once.
const SETTLE: Duration = Duration::from_millis(300);

/// The right to do a job; given back when dropped.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    file: File,
    /// The first line of the file, which is this lease's alone.
    line: String,
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
    /// What its system says that it is, across boots; nothing if it does not say.
    #[serde(default)]
    pub machine: String,
    pub pid: u32,
    /// When it took the lease, in seconds since 1970.
    pub since: u64,
    /// Which of the process's leases it is.
    #[serde(default)]
    pub number: u64,
}

impl Holder {
    /// This process, with a lease that nobody had before.
    fn own() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            host: host::name(),
            boot: host::boot_id(),
            machine: host::machine_id(),
            pid: std::process::id(),
            since: now(),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn unknown() -> Self {
        let (host, boot, machine) = (String::new(), String::new(), String::new());
        Self { host, boot, machine, pid: 0, since: 0, number: 0 }
    }

    /// Whether it may be alive where its lock cannot be seen: under another kernel, unless that is
    /// this machine before it was started anew.
    fn is_out_of_sight(&self) -> bool {
        let rebooted = !self.machine.is_empty()
            && self.machine == host::machine_id()
            && self.host == host::name();
        self.boot != host::boot_id() && !rebooted
    }
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
        Self::try_named(run, &key.path(), DEAD)
    }

    /// Waits for the lease of the run directory's own files; it is held for moments only.
    ///
    /// # Errors
    /// As of [`Lease::try_acquire`].
    pub fn of_run(run: &RunDir) -> Result<Self, FileError> {
        loop {
            match Self::try_named(run, "run", DEAD)? {
                Attempt::Acquired(lease) => return Ok(lease),
                Attempt::Held(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Takes the lease over from who was not heard of for `patience`.
    fn try_named(run: &RunDir, name: &str, patience: Duration) -> Result<Attempt, FileError> {
        let path = lock_path(run, name);
        let failed = |source| FileError::new("lock", &path, source);
        loop {
            let Some(file) = open(&path).map_err(failed)? else { continue };
            let locked = match file.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => false,
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            };
            // Its last holder may have removed the file between our opening and locking it.
            if locked && !is_at(&file, &path) {
                continue;
            }
            let (found, holder) = content(&file);
            let holder = holder.unwrap_or_else(Holder::unknown);
            let elsewhere = holder.pid != 0 && holder.is_out_of_sight();
            if (!locked || elsewhere) && !is_silent(&path, &found, patience) {
                return Ok(Attempt::Held(holder));
            }
            forget(&path);
            if !locked {
                // It hangs with the lock in its hand: the lock stays with the old file. Whoever
                // else comes to this at the same time finds at the end who has the new one.
                if is_at(&file, &path) {
                    let _ = fs::remove_file(&path);
                }
                continue;
            }
            let lease = Self::take(path.clone(), file).map_err(failed)?;
            if elsewhere {
                thread::sleep(SETTLE);
                if !lease.is_ours() {
                    return Ok(Attempt::Held(Holder::unknown()));
                }
            }
            return Ok(Attempt::Acquired(lease));
        }
    }

    fn take(path: PathBuf, file: File) -> io::Result<Self> {
        reach(Point::LeaseLocked);
        let line = serde_json::to_string(&Holder::own())?;
        file.set_len(0)?;
        file.write_all_at(format!("{line}\n{:020}", 0).as_bytes(), 0)?;
        let beating = (file.try_clone()?, path.clone(), line.clone());
        let (stop, stopped) = mpsc::channel::<()>();
        let beat = thread::Builder::new().name("lease".to_owned()).spawn(move || {
            let (file, path, line) = beating;
            let mut beats = 0_u64;
            while stopped.recv_timeout(BEAT) == Err(mpsc::RecvTimeoutError::Timeout)
                && is_of(&file, &path, &line)
            {
                beats += 1;
                // One missed beat does no harm, and the next may succeed. Always as long, so that
                // a full disk has room for it.
                let _ = file.write_all_at(format!("{beats:020}").as_bytes(), line.len() as u64 + 1);
            }
        })?;
        reach(Point::LeaseTaken);
        Ok(Self { path, file, line, stop: Some(stop), beat: Some(beat) })
    }

    /// Whether nobody took this process for dead and its lease over.
    pub fn is_ours(&self) -> bool {
        is_of(&self.file, &self.path, &self.line)
    }
}

fn is_of(file: &File, path: &Path, line: &str) -> bool {
    is_at(file, path) && content(file).0.starts_with(line.as_bytes())
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(beat) = self.beat.take() {
            // It only sleeps and writes; if it died, there is nothing left to stop.
            let _ = beat.join();
        }
        // Removed while still locked: nobody else can hold the file that goes. What cannot be
        // removed is harmless, since the lock itself ends with the file's closing.
        if self.is_ours() {
            let _ = fs::remove_file(&self.path);
        }
        if let Some(folder) = self.path.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Who does a job at the moment, if anybody.
pub(super) fn holder(run: &RunDir, key: &JobKey) -> Option<Holder> {
    holder_within(run, key, DEAD)
}

fn holder_within(run: &RunDir, key: &JobKey, patience: Duration) -> Option<Holder> {
    let path = lock_path(run, &key.path());
    let file = File::open(&path).ok()?;
    let locked = file.try_lock_shared().is_err();
    let (found, holder) = content(&file);
    let holder = holder.unwrap_or_else(Holder::unknown);
    let alive = locked || (holder.pid != 0 && holder.is_out_of_sight());
    (alive && !is_silent(&path, &found, patience)).then_some(holder)
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
