//! What a training says while it runs, and what it leaves.

use jackpot_plugin_api::ctx::Progress;

use super::evaluate::Evaluation;
use super::metrics::Metrics;
use crate::model::state::State;
use crate::prune::Masks;

/// How far a training is.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    pub progress: Progress,
    /// Mean loss since the last report.
    pub loss: f64,
    pub validation_accuracy: Option<f64>,
    pub learning_rate: f64,
    pub images_per_second: f64,
}

/// How a training ended.
#[derive(Debug)]
pub enum Ended {
    /// Whole.
    Done(Box<Finished>),
    /// Asked to stop; the state is saved.
    Stopped,
}

/// What a whole training leaves.
#[derive(Debug)]
pub struct Finished {
    /// After the last step.
    pub model: State,
    /// After the epoch with the best validation accuracy; the last without a validation split.
    pub best: State,
    /// Where masks move: those of `best`. Those of `model` are the training's.
    pub best_masks: Option<Masks>,
    pub best_epoch: u64,
    /// After how many epochs it gave up, if it did.
    pub given_up: Option<u64>,
    pub validation_accuracy: Option<f64>,
    /// Of the best weights.
    pub test: Evaluation,
    pub test_last: Evaluation,
    pub metrics: Metrics,
}
