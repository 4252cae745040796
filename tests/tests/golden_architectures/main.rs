//! Every architecture in the host, against plain PyTorch (`tests/golden/README.md`).
//!
//! - [`net`]: the stored cases, and the host's parts and states that belong to them;
//! - [`state_dict`], [`forward`], [`gradients`], [`steps`]: tests, each of what its name says;
//! - [`full`]: at the default width, on images of full size.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../golden/formula.rs"]
mod formula;

#[allow(dead_code, reason = "the binary of the other golden tests uses the rest")]
#[path = "../golden/compare.rs"]
mod compare;
#[allow(dead_code, reason = "as above")]
#[path = "../golden/data.rs"]
mod data;
#[allow(dead_code, reason = "as above")]
#[path = "../golden/setup.rs"]
mod setup;
#[allow(dead_code, reason = "as above")]
#[path = "../golden/state.rs"]
mod state;

mod forward;
mod full;
mod gradients;
mod net;
mod state_dict;
mod steps;
