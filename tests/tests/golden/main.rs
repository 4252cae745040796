//! The host as a library with the real plugin files, against values from plain PyTorch
//! (`tests/golden/README.md`) and against naive loops.
//!
//! - [`data`], [`state`], [`setup`], [`run`], [`compare`]: the stored values, the states that they
//!   belong to, the host's parts, trainings of these, and how far apart two are;
//! - the others: tests, each module of what its name says.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../golden/formula.rs"]
mod formula;

mod activations;
mod compare;
mod crop_flip;
mod data;
mod distillation;
mod forward;
mod ghost_skip;
mod ghost_training;
mod gradients;
mod losses;
mod optimizers;
mod pruning;
mod resnet;
mod run;
mod schedules;
mod setup;
mod state;
mod steps;
