//! What can go wrong when masks are made.

use std::path::PathBuf;

use thiserror::Error;

use crate::model::ModelError;
use crate::plugin::HookError;

/// An error of masks or scores.
#[derive(Debug, Error)]
pub enum PruneError {
    #[error(
        "nothing can be pruned: no prunable parameter of the network matches {patterns:?}; its \
         prunable parameters are {known}"
    )]
    NothingPrunable { patterns: Vec<String>, known: String },
    #[error("level {level} would keep none of the {total} prunable weights; ask for fewer levels")]
    NothingLeft { level: usize, total: u64 },
    #[error("{}: {message}", path.display())]
    MaskFile { path: PathBuf, message: String },
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("a tensor operation failed: {0}")]
    Torch(#[from] tch::TchError),
}
