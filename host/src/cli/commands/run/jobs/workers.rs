//! The other processes of a start: begun, asked to stop, waited for.
//!
//! A worker holds on to its stdin: what it is to do comes that way, and when the pipe is closed, be
//! it that this process was killed, the worker ends at once. So none is ever left behind.

use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thiserror::Error;

use super::follower::Follower;
use super::orders::{Orders, STOP, arguments};
use crate::cli::failure::Failure;
use crate::cli::progress::Relay;
use crate::cli::signals::Others;
use crate::cli::terminal::Terminal;

/// The system gives no further process.
#[derive(Debug, Error)]
#[error("cannot start another process of this program: {0}; `--jobs 1` needs none")]
pub struct SpawnError(#[from] io::Error);

impl From<SpawnError> for Failure {
    fn from(error: SpawnError) -> Self {
        Self::other(error)
    }
}

/// How often the end of workers is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// Starts this program once more, as a worker with those orders, whose stderr may be heard.
///
/// # Errors
/// What the system says.
pub fn spawn(orders: &Orders, is_heard: bool) -> Result<(Child, ChildStdin), SpawnError> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments(std::env::args_os()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(if is_heard { Stdio::piped() } else { Stdio::null() })
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or_else(|| io::Error::other("it has no stdin"))?;
    let line = serde_json::to_string(orders).map_err(io::Error::from)?;
    // One that has ended already has said why.
    let _ = writeln!(stdin, "{line}");
    Ok((child, stdin))
}

/// All workers of a start; asked to stop and waited for when dropped.
#[derive(Default)]
pub struct Workers(Mutex<State>);

#[derive(Default)]
struct State {
    /// Once asked to stop, nobody begins.
    stopping: bool,
    workers: Vec<Worker>,
}

struct Worker {
    stdin: ChildStdin,
    follower: Option<JoinHandle<()>>,
    has_ended: Arc<AtomicBool>,
}

impl Workers {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts so many; what they do is told to `relay`.
    ///
    /// # Errors
    /// The system gives no further process; those that were started are there.
    pub fn start(
        &self,
        count: usize,
        orders: &Orders,
        relay: &Arc<Relay>,
        terminal: &Terminal,
    ) -> Result<(), SpawnError> {
        for number in 0..count {
            let mut state = self.lock();
            if state.stopping {
                break;
            }
            let (child, stdin) = spawn(orders, true)?;
            let has_ended = Arc::new(AtomicBool::new(false));
            let follower = Follower {
                number,
                child,
                relay: Arc::clone(relay),
                terminal: terminal.clone(),
                has_ended: Arc::clone(&has_ended),
            };
            let thread = thread::Builder::new().name("worker".to_owned());
            let follower = Some(thread.spawn(move || follower.follow())?);
            state.workers.push(Worker { stdin, follower, has_ended });
        }
        Ok(())
    }

    /// Asks all to stop, and waits for their end.
    pub fn finish(&self) {
        self.stop();
        while !self.have_ended() {
            thread::sleep(LOOK);
        }
        let mut state = self.lock();
        for follower in state.workers.drain(..).filter_map(|worker| worker.follower) {
            // It has told all that there was to tell.
            let _ = follower.join();
        }
    }
}

impl Others for Workers {
    fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        for worker in &mut state.workers {
            // One that has ended needs no word.
            let _ = writeln!(worker.stdin, "{STOP}");
        }
    }

    fn have_ended(&self) -> bool {
        self.lock().workers.iter().all(|worker| worker.has_ended.load(Ordering::SeqCst))
    }
}
