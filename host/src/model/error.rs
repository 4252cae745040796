//! What can go wrong with a model.

use std::path::PathBuf;

use thiserror::Error;

use crate::kernels::KernelError;
use crate::plugin::{HookError, RegistryError};
use crate::torch::OpError;

/// An error of a graph, a network or a stored state.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The graph does not describe a network.
    #[error("the graph is not valid: {place}: {message}")]
    Graph { place: String, message: String },
    /// An operator of the graph failed.
    #[error("node `{node}`: {source}")]
    Node {
        node: String,
        #[source]
        source: OpError,
    },
    /// A plugin's additions do not fit.
    #[error("the edits of skip {item} do not fit the graph: {message}")]
    Edits { item: String, message: String },
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("{}: {message}", path.display())]
    File { path: PathBuf, message: String },
    #[error(transparent)]
    Tensor(#[from] OpError),
    #[error("the sparse kernels: {0}")]
    Kernel(#[from] KernelError),
    #[error("a tensor operation failed: {0}")]
    Torch(#[from] tch::TchError),
}

impl ModelError {
    /// An error at a place of the graph, such as ``node `conv1` ``.
    pub fn graph(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Graph { place: place.into(), message: message.into() }
    }

    /// An error at a node.
    pub fn at_node(id: &str, message: impl Into<String>) -> Self {
        Self::graph(format!("node `{id}`"), message)
    }
}
