//! What ends the program before its work is done: Ctrl-C and its like, or a deadline.
//!
//! The first signal asks to stop and save, the second ends the process at once. A deadline asks
//! before it is there; what has not ended by then is ended at once, too. Where nothing is at hand
//! that could be saved, nobody waits. However it ends, the run directory is one to go on from.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::experiment::{Idle, Stop};

/// The exit code after the second signal.
pub const KILLED: i32 = 130;
/// For the report at the end of a run, before a deadline: so much, or this share of the time.
const RESERVE: Duration = Duration::from_secs(2);
const RESERVE_SHARE: u32 = 20;

/// What the first signal does besides asking to stop.
type Told = Box<dyn FnOnce() + Send>;

/// Other processes of the same start, which have to save, too, before the program may end.
pub trait Others: Send + Sync {
    /// Asks them to stop and save; more than once does no harm.
    fn stop(&self);

    /// Whether none is left.
    fn have_ended(&self) -> bool;
}

/// The others, once there are any.
type Place = Arc<Mutex<Option<Arc<dyn Others>>>>;

/// Listens from its making on.
pub struct Listener {
    pub stop: Stop,
    told: Arc<Mutex<Option<Told>>>,
    others: Place,
}

impl Listener {
    /// From now on the first SIGINT or SIGTERM requests the [`Stop`], and the second one exits; so
    /// does the end of `limit`, counted from now. Until the second value is dropped, nothing is at
    /// hand that could be saved.
    ///
    /// # Errors
    /// The system refuses a signal handler.
    pub fn start(limit: Option<Duration>, terminal: &Terminal) -> Result<(Self, Idle), Failure> {
        Self::listen(limit, Some(terminal))
    }

    /// As [`Listener::start`] in a process that another one started and asks to stop: signals are
    /// sent to both, and the other one alone counts them and tells the end.
    ///
    /// # Errors
    /// The system refuses a signal handler.
    pub fn of_worker(limit: Option<Duration>) -> Result<(Self, Idle), Failure> {
        Self::listen(limit, None)
    }

    fn listen(limit: Option<Duration>, teller: Option<&Terminal>) -> Result<(Self, Idle), Failure> {
        let begun = Instant::now();
        let early = |limit: Duration| limit - RESERVE.min(limit / RESERVE_SHARE);
        let asked = Arc::new(AtomicBool::new(false));
        let deadline = limit.and_then(|limit| begun.checked_add(early(limit)));
        let stop = Stop::from(Arc::clone(&asked)).with_deadline(deadline);
        let told = Arc::<Mutex<Option<Told>>>::default();
        let others = Place::default();
        let idle = stop.idle();
        let listen = || -> io::Result<()> {
            for signal in [SIGINT, SIGTERM] {
                // In this order: the second signal finds what the first one set.
                if teller.is_some() {
                    flag::register_conditional_shutdown(signal, KILLED, Arc::clone(&asked))?;
                }
                flag::register(signal, Arc::clone(&asked))?;
            }
            // Its default is to end the process where a file grows beyond `ulimit -f`; caught, the
            // write fails instead, and the message says of which file.
            flag::register(SIGXFSZ, Arc::default())?;
            let mut signals = Signals::new([SIGINT, SIGTERM])?;
            let (stop, told, terminal) = (stop.clone(), Arc::clone(&told), teller.cloned());
            let others = Arc::clone(&others);
            thread::Builder::new().name("signals".to_owned()).spawn(move || {
                if signals.forever().next().is_none() {
                    return;
                }
                let others = others.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if stop.is_idle() && others.is_none() {
                    end("stopped at once, since nothing was to be saved", terminal.as_ref());
                }
                let told = told.lock().unwrap_or_else(PoisonError::into_inner).take();
                told.into_iter().for_each(|told| told());
                let Some(others) = others else { return };
                others.stop();
                // What this process is at may end meanwhile; it then ends as it would alone.
                while stop.is_idle() {
                    if others.have_ended() {
                        end("stopped, and all was saved", terminal.as_ref());
                    }
                    thread::sleep(LOOK);
                }
            })?;
            Ok(())
        };
        listen().map_err(|error| Failure::other(format!("cannot listen for Ctrl-C: {error}")))?;
        if let Some(limit) = limit {
            watch(begun, limit, &stop, &others, teller)
                .map_err(|error| Failure::other(format!("cannot watch the time: {error}")))?;
        }
        Ok((Self { stop, told, others }, idle))
    }

    /// From now on these have to end before the program does.
    pub fn wait_for(&self, others: Arc<dyn Others>) {
        *self.others.lock().unwrap_or_else(PoisonError::into_inner) = Some(others);
    }

    /// What the first signal does from now on, in a thread of its own.
    pub fn tell(&self, told: impl FnOnce() + Send + 'static) {
        let mut place = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Box::new(told));
    }
}

/// Ends the process when the time is up, or earlier where nothing is to be saved.
fn watch(
    begun: Instant,
    limit: Duration,
    stop: &Stop,
    others: &Place,
    teller: Option<&Terminal>,
) -> io::Result<()> {
    let (stop, others, terminal) = (stop.clone(), Arc::clone(others), teller.cloned());
    // They know the deadline, and see to it themselves.
    let have_ended = move || {
        let others = others.lock().unwrap_or_else(PoisonError::into_inner);
        others.as_ref().is_none_or(|others| others.have_ended())
    };
    thread::Builder::new().name("deadline".to_owned()).spawn(move || {
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                end("the time is up; what was written last is kept", terminal.as_ref());
            }
            if stop.requested() && stop.is_idle() && have_ended() {
                end("the time is up, and nothing was to be saved", terminal.as_ref());
            }
            thread::sleep(left.min(LOOK));
        }
    })?;
    Ok(())
}

/// How often a deadline and the end of others are looked for.
const LOOK: Duration = Duration::from_millis(100);

/// Ends the process at once, without a word.
pub fn end_now(code: i32) -> ! {
    low_level::exit(code)
}

/// Ends the process with work left: at once, since other threads may be inside a plugin or a
/// kernel that must not be torn down under them.
fn end(why: &str, terminal: Option<&Terminal>) -> ! {
    let message = format!("{why}; the same command goes on from here");
    let failure = Failure::Stopped(message);
    if let Some(terminal) = terminal {
        terminal.fail(&failure);
    }
    end_now(failure.code().into())
}
