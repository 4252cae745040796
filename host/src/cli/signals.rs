//! Ctrl-C and its like: the first asks to stop and save, the second ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::failure::Failure;
use crate::experiment::Stop;

/// The exit code after the second signal.
const KILLED: i32 = 130;

/// From now on the first SIGINT or SIGTERM requests the [`Stop`] and calls `told` (in a thread of
/// its own), and the second one exits.
///
/// # Errors
/// The system refuses a signal handler.
pub fn listen(told: impl FnOnce() + Send + 'static) -> Result<Stop, Failure> {
    let listen = || -> io::Result<Stop> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds what the first one set.
            flag::register_conditional_shutdown(signal, KILLED, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        // Its default is to end the process where a file grows beyond `ulimit -f`; caught, the
        // write fails instead, and the message says of which file.
        flag::register(SIGXFSZ, Arc::default())?;
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if signals.forever().next().is_some() {
                told();
            }
        })?;
        Ok(Stop::from(asked))
    };
    listen().map_err(|error| Failure::other(format!("cannot listen for Ctrl-C: {error}")))
}
