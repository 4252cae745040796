//! What has to be in the environment before libtorch is loaded: above all, how long idle OpenMP
//! threads spin before they sleep.
//!
//! libtorch's OpenMP lets a thread that waits at the end of a parallel loop spin for about a
//! millisecond. Alone on a machine that saves a little; where anything else wants a core (a second
//! process on the same run, a build, a browser), the spinning thread keeps the core from the very
//! thread that it waits for, and a training becomes many times slower: docs/performance.md has
//! the figures. OpenMP reads its setting when the program is loaded, so the program starts itself
//! again with it. (A package's launcher has set it already.)

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::Command;

use jackpot_libtorch::environment::missing;

/// Starts the program again, with the same arguments, unless the environment says all that is to
/// be said before a program is loaded: how OpenMP waits, and where cuBLAS computes. Returns only if
/// there is nothing to do, or it cannot be done.
pub fn settle() {
    let missing = missing(|name| std::env::var_os(name).is_some());
    if missing.is_empty() {
        return;
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let Ok(program) = std::env::current_exe() else { return };
    let mut command = Command::new(program);
    command.arg0(name.as_deref().unwrap_or(OsStr::new("jackpot")));
    let error = command.args(arguments).envs(missing.iter().copied()).exec();
    tracing::debug!("could not start again with {missing:?}: {error}");
}
