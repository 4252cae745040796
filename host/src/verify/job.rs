//! All checks of one finished job that need no data.

use super::finding::{Check, Finding, Verdict};
use super::look::Look;
use super::sums::{self, Intact};
use super::{counts, masks, record, start};
use crate::engine::stored::{BEST, BEST_MASK, LAST, LAYERS, MASK, START_MASK};
use crate::experiment::{JobKey, JobRecord};

/// A job whose files were read.
pub struct Job<'a> {
    pub record: &'a JobRecord,
    pub files: Intact,
}

impl Job<'_> {
    /// The name and masks of the ticket that it began with.
    pub fn ticket(&self) -> &'static str {
        if self.files.names.contains(START_MASK) { START_MASK } else { MASK }
    }

    /// The masks of the reported weights.
    pub fn best_mask(&self) -> &'static str {
        if self.files.names.contains(BEST_MASK) { BEST_MASK } else { MASK }
    }

    /// A finding about one of its files.
    pub fn wrong(&self, check: Check, name: &str, message: impl Into<String>) -> Finding {
        Finding::of_job(check, &self.record.key, name, message)
    }

    pub fn key(&self) -> &JobKey {
        &self.record.key
    }
}

/// Checks a job.
pub fn check(look: &Look<'_>, record: &JobRecord) -> Verdict {
    let mut verdict = Verdict { jobs: 1, ..Verdict::default() };
    record::check(look, record, &mut verdict);
    let files = sums::read(look.run, record, &mut verdict);
    let job = Job { record, files };
    if record.linked_to.is_some() {
        verdict.linked = 1;
        record::check_link(look, record, &mut verdict.findings);
    } else {
        let pairs = [(MASK, LAST), (job.best_mask(), BEST)];
        for (mask, weights) in pairs {
            masks::pruned_are_zero(&job, mask, weights, &mut verdict.findings);
        }
        for name in [job.ticket(), MASK, job.best_mask()] {
            masks::are_masks(&job, name, &mut verdict.findings);
        }
        masks::fit(look, &job, &mut verdict.findings);
        counts::check(&job, LAYERS, &mut verdict.findings);
        counts::level(look, &job, &mut verdict.findings);
    }
    start::check(look, &job, &mut verdict.findings);
    verdict.findings.sort();
    verdict.findings.dedup();
    verdict
}
