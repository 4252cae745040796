//! What killed processes left of jobs that are finished: states, half-filled folders, locks.
//! Whatever is still to be done is swept by whoever does it.

use super::error::ExperimentError;
use super::files;
use super::key::JobKey;
use super::lease::{Attempt, Lease};
use super::readiness::Board;

/// Removes them, of jobs that nobody is at.
///
/// # Errors
/// The disk.
pub fn sweep(board: &Board<'_>) -> Result<(), ExperimentError> {
    let run = board.run;
    let locks = files::list(&run.path().join("locks"))?;
    for job in board.jobs().filter(|job| board.is_finished(job)) {
        let key = &job.key;
        let series = run.path().join(key.series());
        let beside = [format!(".{}.", key.folder_name()), format!("{}.failed.", key.folder_name())];
        let is_left = |name: &String| beside.iter().any(|prefix| name.starts_with(prefix));
        let is_locked = locks.iter().any(|name| *name == lock_name(key));
        if !is_locked && !files::list(&series)?.iter().any(is_left) {
            continue;
        }
        // Who holds it sees to it. A lock that nobody holds goes with the lease.
        let Attempt::Acquired(_lease) = Lease::try_acquire(run, key)? else { continue };
        for name in files::list(&series)?.iter().filter(|name| is_left(name)) {
            files::remove(&series.join(name))?;
        }
    }
    Ok(())
}

fn lock_name(key: &JobKey) -> String {
    format!("{}.lock", key.path().replace('/', "~"))
}
