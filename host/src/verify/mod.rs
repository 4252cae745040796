//! A stored run against itself: is everything there, unchanged, and does it fit together?
//!
//! Nothing here repairs or removes anything. What needs no data ([`verify`]) and what needs them
//! ([`evaluate`]) give [`Finding`]s, each with the job, the file and the tensor that it is about.
//! [`compare`](mod@compare) holds two runs of one experiment against each other.
//!
//! - [`record`]: `job.json`: its seal, identity, inputs, plugins and links;
//! - [`sums`]: every file against its checksum;
//! - [`masks`] and [`counts`]: what is pruned is +0.0; masks fit each other, the config and the
//!   results;
//! - [`start`]: the weights that a ticket starts from;
//! - [`whole`]: the files of the run as a whole.

pub mod compare;
mod counts;
pub mod evaluate;
mod finding;
mod job;
mod look;
mod masks;
mod record;
mod start;
mod stored;
mod sums;
mod whole;

use rayon::prelude::*;

pub use finding::{Check, Finding, Verdict};

use crate::experiment::{ExperimentError, RunDir};
use look::Look;

/// Checks all that needs no data.
///
/// # Errors
/// The folder cannot be read at all. A file in it that cannot be is a finding.
pub fn verify(run: &RunDir) -> Result<Verdict, ExperimentError> {
    let mut verdict = Verdict::new(run);
    let look = Look::read(run, &mut verdict)?;
    let jobs: Vec<_> = look.records.values().collect();
    let found: Vec<Verdict> =
        jobs.into_par_iter().map(|record| job::check(&look, record)).collect();
    for part in found {
        verdict.add(part);
    }
    whole::check(&look, &mut verdict);
    verdict.findings.sort();
    Ok(verdict)
}
