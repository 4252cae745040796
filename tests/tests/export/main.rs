//! `jackpot export`: what it writes, and that other programs compute the same with it.
//!
//! - [`connect`]: `jackpot connect`, the line between two networks;
//! - [`networks`]: every architecture and activation in onnxruntime and in PyTorch, where
//!   `JACKPOT_TEST_PYTHON` names a Python with torch, safetensors, onnx and onnxruntime;
//! - [`program`]: the command on whole runs, and its files as a network for Jackpot again;
//! - [`shrunk`]: dead channels are removed, and the network computes the same.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../golden/formula.rs"]
mod formula;

#[allow(dead_code, reason = "the binary of the other golden tests uses the rest")]
#[path = "../golden/setup.rs"]
mod setup;

mod connect;
mod made;
mod networks;
mod program;
mod shrunk;
