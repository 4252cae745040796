//! A training in the middle, on disk: everything that the next step depends on.
//!
//! A state is one file, `step-<N>.checkpoint`, with a checksum over all of it ([`file`](mod@file)).
//! It is written beside its place, flushed, and renamed; the last two are kept. Whoever goes on
//! takes the newest that is whole ([`newest`]).

pub mod file;
mod keep;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use keep::{Found, missed_point, newest, save};

use super::error::TrainError;
use super::metrics::Metrics;
use crate::model::state::State;

/// The point where a training stands. Randomness is a function of the step, so no generator's
/// state is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Optimizer steps done.
    pub step: u64,
    /// Sum of the batch losses × batch sizes in the epoch under way.
    pub loss_sum: f64,
    /// Images recognised in the epoch under way.
    pub correct: i64,
    /// Images seen in the epoch under way.
    pub images: u64,
    /// The best validation accuracy so far and its epoch.
    pub best: Option<(f64, u64)>,
    /// Training forward passes so far, for `num_batches_tracked`.
    pub forwards: u64,
    /// SHA-256 of the files of weights to which tickets rewind, written so far; by their names.
    pub rewind: BTreeMap<String, String>,
}

/// What a checkpoint holds besides the position.
#[derive(Debug)]
pub struct Saved {
    pub position: Position,
    pub model: State,
    pub optimizer: State,
    /// The weights of the best epoch.
    pub best: Option<State>,
    /// Where masks move: those of the model.
    pub masks: Option<State>,
    /// Where masks move: those of the best epoch.
    pub best_masks: Option<State>,
    pub metrics: Metrics,
}

/// Writes a file and flushes it to the disk.
///
/// # Errors
///
/// A disk that is full or not writable.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let whole = || {
        let mut out = std::fs::File::create(path)?;
        std::io::Write::write_all(&mut out, bytes)?;
        out.sync_all()
    };
    whole().map_err(|source| TrainError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
