//! Work on the threads that libtorch computes with: the calling thread's OpenMP team.
//!
//! A pool of other threads beside it would have to be woken for every call, since each side's threads
//! sleep or spin while the other's work. OpenMP's wait for the next call where they are.

use std::any::Any;
use std::ffi::{c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};

use libloading::os::unix::Library;

/// `GOMP_parallel` of GNU OpenMP, which LLVM's and Intel's have as well: what compilers turn
/// `#pragma omp parallel` into.
type Parallel =
    unsafe extern "C" fn(unsafe extern "C" fn(*mut c_void), *mut c_void, c_uint, c_uint);

fn parallel() -> Option<Parallel> {
    static FOUND: OnceLock<Option<Parallel>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: the symbol has had this type since GCC 4.9. Whoever gave it stays loaded:
        // libtorch is linked, and uses it.
        unsafe { Library::this().get::<Parallel>(b"GOMP_parallel\0").ok().map(|found| *found) }
    })
}

/// Whether libtorch's threads can be used. (Where several OpenMPs are loaded these may be another one's,
/// which wait beside libtorch's.)
pub fn exists() -> bool {
    parallel().is_some()
}

/// What the threads of a team share.
struct Shared<'a> {
    work: &'a (dyn Fn() + Sync),
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Does `work` on each of so many threads, the caller's among them, and waits for all. There may be
/// fewer: one, within other parallel work or where there [is no team](exists).
///
/// # Panics
/// When `work` does.
pub fn run(threads: usize, work: &(dyn Fn() + Sync)) {
    let Some(parallel) = parallel() else { return work() };
    let shared = Shared { work, panic: Mutex::new(None) };
    let count = c_uint::try_from(threads).unwrap_or(c_uint::MAX);
    // SAFETY: `shared` outlives the call, which returns when all threads are done.
    unsafe { parallel(one, (&raw const shared).cast_mut().cast(), count, 0) };
    let panic = shared.panic.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

/// # Safety
/// It is given the [`Shared`] of [`run`].
unsafe extern "C" fn one(shared: *mut c_void) {
    // SAFETY: the caller's promise; it is only read, and its parts may be shared.
    let shared = unsafe { &*shared.cast_const().cast::<Shared<'_>>() };
    // Nothing may unwind into OpenMP.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(shared.work)) {
        let mut first = shared.panic.lock().unwrap_or_else(PoisonError::into_inner);
        match first.as_ref() {
            None => *first = Some(panic),
            // To drop it could panic again.
            Some(_) => std::mem::forget(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn every_thread_of_the_team_works() {
        assert!(exists());
        // Nobody gets past before all are there.
        let (barrier, seen) = (Barrier::new(3), Mutex::new(HashSet::new()));
        run(3, &|| {
            barrier.wait();
            seen.lock().unwrap().insert(std::thread::current().id());
        });
        assert_eq!(seen.into_inner().unwrap().len(), 3);
    }

    #[test]
    fn within_a_team_the_work_is_still_done() {
        let done = Mutex::new(0);
        run(2, &|| run(2, &|| *done.lock().unwrap() += 1));
        assert!(done.into_inner().unwrap() >= 2);
    }

    #[test]
    fn a_panic_comes_out_where_the_work_was_asked_for() {
        let caught = catch_unwind(|| run(2, &|| panic!("in the team")));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"in the team"));
        // And the team is still there.
        every_thread_of_the_team_works();
    }
}
