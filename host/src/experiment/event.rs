//! What an experiment tells while it runs.

use serde::{Deserialize, Serialize};

use super::key::JobKey;
use super::lease::Holder;
use crate::train::Results;

/// Hears what happens; draws bars, prints lines, writes a log.
pub trait Observer: Send + Sync {
    /// Called from the thread that runs the experiment; should return soon.
    fn event(&self, event: &Event<'_>);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event<'_>) {}
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event<'a> {
    /// So many jobs were asked for; so many of them were finished before.
    Planned { total: usize, finished: usize },
    /// A training begins; it is the `number`-th (from 1) of `total`.
    Started { job: &'a JobKey, number: usize, total: usize },
    /// How far the training is.
    Progress { job: &'a JobKey, progress: &'a Progress },
    /// A training ended well.
    Done { job: &'a JobKey, results: &'a Results, seconds: f64 },
    /// A job was finished by another's training.
    Linked { job: &'a JobKey, to: &'a JobKey },
    /// Another process finished the job.
    Elsewhere { job: &'a JobKey },
    /// A training ended in an error; the others go on.
    Failed { job: &'a JobKey, error: &'a str },
    /// A job cannot be done since one that it needs was not.
    Blocked { job: &'a JobKey, reason: &'a str },
    /// All jobs that could go on are with other processes.
    Waiting { held: &'a [(JobKey, Holder)] },
    /// Asked to stop; the training under way is saved.
    Stopped { job: Option<&'a JobKey> },
    /// Something to know that stops nothing.
    Warning { message: &'a str },
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The epoch under way, from 1.
    pub epoch: u64,
    pub epochs: u64,
    /// Optimizer steps done, in the whole training.
    pub step: u64,
    pub steps: u64,
    /// Mean training loss of late.
    pub loss: f64,
    /// Validation accuracy in [0, 1] after the last epoch that was evaluated.
    pub accuracy: Option<f64>,
    pub learning_rate: f64,
    pub images_per_second: f64,
}
