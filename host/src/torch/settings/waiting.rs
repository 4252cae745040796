//! How long idle OpenMP threads spin before they sleep.
//!
//! libtorch's OpenMP lets a thread that waits at the end of a parallel loop spin for about a
//! millisecond. Alone on a machine that saves a little; where anything else wants a core (a second
//! process on the same run, a build, a browser), the spinning thread keeps the core from the very
//! thread that it waits for, and a training becomes many times slower: docs/performance.md has
//! the figures. OpenMP reads its setting when the program is loaded, so the program starts itself
//! again with it.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// GNU OpenMP's setting: how many turns of the waiting loop.
const VARIABLE: &str = "GOMP_SPINCOUNT";
const TURNS: &str = "10000";

/// Starts the program again, with the same arguments, unless the environment says how to wait.
/// Returns only if there is nothing to do, or it cannot be done (which costs speed alone).
pub fn settle() {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if is_set(VARIABLE) || is_set("OMP_WAIT_POLICY") {
        return;
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let Ok(program) = std::env::current_exe() else { return };
    let mut command = Command::new(program);
    command.arg0(name.as_deref().unwrap_or(OsStr::new("jackpot")));
    let error = command.args(arguments).env(VARIABLE, TURNS).exec();
    tracing::debug!("could not start again with {VARIABLE}={TURNS}: {error}");
}
