//! Graph → executable network with named parameters.
//!
//! - [`graph`]: checks a graph, merges a skip's edits, knows shapes and costs;
//! - [`run`]: a graph compiled to calls of operators and plugins;
//! - [`network`]: parameters, buffers, knobs and the compiled graph together;
//! - [`state`]: weights to and from safetensors files, under PyTorch's state-dict names.

mod build;
pub mod error;
pub mod graph;
mod initial;
mod kernels;
pub mod knobs;
pub mod network;
pub mod run;
mod sites;
pub mod state;
mod store;

pub use build::BuildOptions;
pub use error::ModelError;
pub use network::Network;
pub use run::{ForwardContext, Substitutes};
pub use store::{Buffer, Owner, Parameter};
