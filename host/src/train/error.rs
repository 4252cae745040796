//! What can go wrong in a training.

use std::path::PathBuf;

use thiserror::Error;

use crate::model::ModelError;
use crate::plugin::{HookError, RegistryError};
use crate::prune::PruneError;
use crate::torch::OpError;

/// An error of a training.
#[derive(Debug, Error)]
pub enum TrainError {
    /// `state`: the step of the last state on the disk.
    #[error(
        "the loss is {loss} at step {step} (epoch {epoch}): the training diverged{place}. {}Try a \
         smaller learning rate or a warm-up; --retry-diverged tries another seed", last(*state)
    )]
    Diverged { loss: f64, step: u64, epoch: u64, place: String, state: Option<u64> },
    /// Somebody asked to stop; never leaves a training.
    #[error("interrupted")]
    Interrupted,
    #[error("the checkpoint in {} does not fit this training: {message}; remove the folder to start over", path.display())]
    Checkpoint { path: PathBuf, message: String },
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{0}")]
    Setting(String),
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Prune(#[from] PruneError),
    #[error(transparent)]
    Op(#[from] OpError),
    #[error("a tensor operation failed: {0}")]
    Torch(#[from] tch::TchError),
}

/// The last state, in a sentence.
fn last(state: Option<u64>) -> String {
    let words = |step| format!("The last good state is that of step {step}. ");
    state.map(words).unwrap_or_default()
}

impl TrainError {
    /// With the step of the last state on the disk, where that is of use.
    pub(super) fn with_state(self, state: Option<u64>) -> Self {
        match self {
            Self::Diverged { loss, step, epoch, place, .. } => {
                Self::Diverged { loss, step, epoch, place, state }
            }
            other => other,
        }
    }

    /// The plugin's hook that failed, if it was one.
    pub fn hook(&self) -> Option<&HookError> {
        match self {
            Self::Hook(error)
            | Self::Model(ModelError::Hook(error))
            | Self::Prune(PruneError::Hook(error) | PruneError::Model(ModelError::Hook(error))) => {
                Some(error)
            }
            _ => None,
        }
    }
}
