//! What has to be in the environment before the program is loaded: how long idle OpenMP threads
//! spin before they sleep, and what the C library does with memory that is freed.
//!
//! libtorch's OpenMP lets a thread that waits at the end of a parallel loop spin for about a
//! millisecond. Alone on a machine that saves a little; where anything else wants a core (a second
//! process on the same run, a build, a browser), the spinning thread keeps the core from the very
//! thread that it waits for, and a training becomes many times slower.
//!
//! glibc gives the memory of a large tensor back to the system as soon as it is freed, and gets it
//! anew for the next one, page by page: of a training step that is a tenth of the time and more.
//!
//! docs/performance.md has the figures of both. The settings are read when the program is loaded,
//! so it starts itself again with them.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// GNU OpenMP's setting: how many turns of the waiting loop.
const TURNS: (&str, &str) = ("GOMP_SPINCOUNT", "10000");
/// cuBLAS's setting, without which matrix products on CUDA are refused in determinism mode; it is
/// read when CUDA is first used.
const WORKSPACE: (&str, &str) = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8");

/// glibc's: freed memory is kept for the next step, in large pages where the system has them on
/// request. Between jobs it is given back all the same (`memory::trim`).
const MEMORY: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184",
);

/// Starts the program again, with the same arguments, unless the environment says all that is to
/// be said before a program is loaded. What it says already stays. Returns only if there is nothing
/// to do, or it cannot be done.
pub fn settle() {
    let missing = missing(&|name| std::env::var_os(name).is_some());
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

/// What an environment lacks.
fn missing(is_set: &dyn Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let waits = is_set("OMP_WAIT_POLICY");
    let lacks = |(name, _): &(&str, &str)| !is_set(name) && (*name != TURNS.0 || !waits);
    [TURNS, WORKSPACE, MEMORY].into_iter().filter(lacks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_stays() {
        assert_eq!(missing(&|_| false), [TURNS, WORKSPACE, MEMORY]);
        assert_eq!(missing(&|name| name == "GLIBC_TUNABLES"), [TURNS, WORKSPACE]);
        assert_eq!(missing(&|name| name == "OMP_WAIT_POLICY"), [WORKSPACE, MEMORY]);
        assert!(missing(&|_| true).is_empty());
    }
}
