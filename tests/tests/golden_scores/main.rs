//! The scores against plain PyTorch (`tests/golden/scores.py`) and against what they promise.
//!
//! - [`data`], [`formula`]: the stored values and the inputs;
//! - [`setup`], [`networks`]: networks in the states of the cases, and prunings of them;
//! - the others: tests, each module of what its name says.

#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests, which use other parts")]
#[path = "../golden/data.rs"]
mod data;
#[path = "../../golden/formula.rs"]
mod formula;

mod agreement;
mod conservation;
mod draws;
mod elementwise;
mod networks;
mod setup;
mod shares;
