//! The ghost-skip plugin in networks of every family, from plugins and from files.
//!
//! - [`nets`]: the networks, and what the connections in them must be;
//! - [`connections`]: where they are and what they compute;
//! - [`fade`]: what is left of them;
//! - [`runs`]: whole runs of the program.

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

mod connections;
mod fade;
mod nets;
mod runs;
