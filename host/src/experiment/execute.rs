//! The border to the training: who does a job, with which files, and what comes back.

use std::path::{Path, PathBuf};

use jackpot_plugin_api::Duration;

use super::event::Observer;
use super::files::FileError;
use super::jobs::Job;
use super::stop::Stop;
use crate::train::Results;

/// Does jobs, one at a time.
pub trait Executor {
    /// Does `job`: reads `inputs`, writes all of the job's files into the folder `into`, and
    /// returns the results. The caller adds `job.json`, flushes and moves the folder to its
    /// place.
    ///
    /// What has to be in `into` afterwards: `mask.safetensors` and `model.safetensors` for a
    /// draw; at its level 0 also `init.safetensors` and one `rewind-<point>.safetensors`
    /// (`rewind-2ep.safetensors`) for each of [`Start::Dense`]'s points, which the caller moves
    /// to the folders of the draws.
    ///
    /// # Errors
    /// [`ExecuteError::Failed`] ends this job and lets the others go on; so does
    /// [`ExecuteError::File`], unless the disk is full or not writable. The checkpoint stays for
    /// the next run, unless it is the checkpoint itself that fails again and again:
    /// [`ExecuteError::Checkpoint`].
    fn execute(
        &self,
        job: &Job,
        inputs: &Inputs,
        into: &Path,
        observer: &dyn Observer,
        stop: &Stop,
    ) -> Result<Outcome, ExecuteError>;
}

/// The files that a job begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    pub start: Start,
    /// The folder of the dense network, if the recipe learns from it.
    pub teacher: Option<PathBuf>,
    /// A folder, already there, for the state of a training that is not finished. It outlives a
    /// stop, a crash or a failure and comes back with the same job of the same identity; its
    /// rewind points may be others by then. Files named `.job.json` in it are the caller's, and
    /// `rewind-…` alone is no state. Write whole files only (beside and rename).
    pub checkpoint: PathBuf,
    /// The seed of the training, where it is not the job's own since with that one it diverged.
    pub seed: Option<u64>,
}

/// What a training starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Draw level 0: initialise, save that and the weights at each of these points, train dense
    /// (if the draw trains at all).
    Dense { rewind_points: Vec<Duration> },
    /// Draw level k ≥ 1: make mask k from the mask and model in `previous`, the folder of level
    /// k−1 (of a one-shot pruning, of level 0); load `weights` under it; train, if the draw does.
    Prune { previous: PathBuf, weights: PathBuf },
    /// Draw level k ≥ 1 of masks in files: load `weights` under the mask of `mask`.
    Import { mask: PathBuf, weights: PathBuf },
    /// Spend: load `weights` under the mask (after the recipe's mask control); train. Without
    /// `weights` from fresh ones.
    Ticket { mask: PathBuf, weights: Option<PathBuf> },
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Whole.
    Done(Results),
    /// Asked to stop; the state is in the checkpoint folder.
    Stopped,
}

/// Why a job could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Anything about the job itself, in words for the user.
    #[error("{0}")]
    Failed(String),
    /// The loss is no longer finite; in words for the user.
    #[error("{0}")]
    Diverged(String),
    /// The state in the checkpoint folder is damaged, or not one to go on from.
    #[error("{0}")]
    Checkpoint(String),
    /// A file operation.
    #[error(transparent)]
    File(#[from] FileError),
}
