//! Why a network cannot be exported.

use thiserror::Error;

use crate::model::ModelError;
use crate::torch::OpError;

/// What stands in the way, and where.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A part of the network that the format cannot say.
    #[error("{place}: {message}")]
    Unsupported { place: String, message: String },
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Operator(#[from] OpError),
    #[error("a tensor operation failed: {0}")]
    Torch(#[from] tch::TchError),
}

impl ExportError {
    /// At a place of the network, such as ``node `conv1` ``.
    pub fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Unsupported { place: place.into(), message: message.into() }
    }
}
