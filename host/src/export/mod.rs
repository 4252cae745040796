//! A trained network as files for other programs.
//!
//! - [`trace`](mod@trace): a network as a [`Program`]: operators and tensors, nothing of Jackpot;
//! - [`onnx`]: a program as an ONNX model;
//! - [`graph`]: a program as a graph file, as the published schema has it;
//! - [`shrink`](mod@shrink): a program without its dead channels;
//! - [`cost`]: bytes, multiply-adds and time of a program.

pub mod cost;
pub mod error;
pub mod graph;
pub mod onnx;
pub mod program;
pub mod shrink;
#[cfg(test)]
mod tests;
pub mod trace;

pub use error::ExportError;
pub use program::Program;
pub use trace::trace;
