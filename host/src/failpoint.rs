//! Places at which a test lets the process die, as a power cut would: `JACKPOT_FAILPOINT=batch:7`
//! kills it with SIGKILL when it comes to the place `batch` for the seventh time.
//!
//! They are in every build, so that what is tested is what is shipped. Where the variable is not
//! set, a place costs the read of one static.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use signal_hook::consts::SIGKILL;
use signal_hook::low_level::raise;

const VARIABLE: &str = "JACKPOT_FAILPOINT";

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After an optimizer step.
    Batch,
    /// After a batch of an evaluation.
    Evaluation,
    /// Before a recipe's init.
    Init,
    /// Before a round of a pruning.
    Pruning,
    /// Before a checkpoint's file is begun.
    CheckpointBegin,
    /// Half of a checkpoint is written.
    CheckpointHalf,
    /// A checkpoint is whole and on the disk, but not under its name.
    CheckpointWritten,
    /// It has its name; the one before the last is still there.
    CheckpointRenamed,
    /// Before a single file of the run directory gets its name.
    FileRename,
    /// Before the folder of a whole job gets its name.
    JobRename,
    /// A job's folder is in its place; nothing is tidied yet.
    JobRenamed,
    /// The lock of a lease is there; it does not say whose it is.
    LeaseLocked,
    /// The lease is taken.
    LeaseTaken,
    /// Before a file of the report gets its name.
    ReportRename,
}

/// All of them, by the names that the variable knows.
pub const POINTS: [(&str, Point); 14] = [
    ("batch", Point::Batch),
    ("evaluation", Point::Evaluation),
    ("init", Point::Init),
    ("pruning", Point::Pruning),
    ("checkpoint-begin", Point::CheckpointBegin),
    ("checkpoint-half", Point::CheckpointHalf),
    ("checkpoint-written", Point::CheckpointWritten),
    ("checkpoint-renamed", Point::CheckpointRenamed),
    ("file-rename", Point::FileRename),
    ("job-rename", Point::JobRename),
    ("job-renamed", Point::JobRenamed),
    ("lease-locked", Point::LeaseLocked),
    ("lease-taken", Point::LeaseTaken),
    ("report-rename", Point::ReportRename),
];

/// A place and how often it is still passed.
struct Plan {
    point: Point,
    left: AtomicU64,
}

static PLAN: OnceLock<Option<Plan>> = OnceLock::new();

/// Passes a place, or ends there.
pub fn reach(point: Point) {
    let plan = PLAN.get_or_init(|| parse(&std::env::var(VARIABLE).ok()?));
    let Some(plan) = plan.as_ref().filter(|plan| plan.point == point) else { return };
    if plan.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        // It cannot fail: this process may always signal itself.
        let _ = raise(SIGKILL);
    }
}

/// `None` for what is no plan: a test sees that nothing died.
fn parse(text: &str) -> Option<Plan> {
    let (name, count) = text.split_once(':')?;
    let (_, point) = POINTS.into_iter().find(|(known, _)| *known == name)?;
    let count: u64 = count.parse().ok().filter(|count| *count > 0)?;
    Some(Plan { point, left: AtomicU64::new(count) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_name_and_a_count() {
        let plan = parse("checkpoint-half:3").unwrap();
        assert_eq!((plan.point, plan.left.into_inner()), (Point::CheckpointHalf, 3));
        for text in ["", "batch", "batch:", "batch:0", "batch:x", "nowhere:1"] {
            assert!(parse(text).is_none(), "{text}");
        }
        // Nothing is planned here, so every place is passed.
        POINTS.into_iter().for_each(|(_, point)| reach(point));
    }
}
