//! Fuzzing: spoilt files for everything in Jackpot that reads what others wrote.
//!
//! Good files are spoilt by [`mutate`] and given to a [`Target`]; none may panic, hang, or set
//! aside more memory than the bytes can be worth. Input number `n` of a target is a function of
//! the seed, so that any finding can be made again from its number. `cargo xtask fuzz` runs it;
//! what was found once lies in `regressions/` and is tried by every test run.

#![allow(clippy::unwrap_used, reason = "a tool for developers: what fails here is a bug")]

pub mod count;
pub mod mutate;
pub mod samples;
pub mod targets;
pub mod trial;

pub use targets::{TARGETS, Target};
