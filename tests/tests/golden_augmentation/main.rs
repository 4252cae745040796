//! The augmentation plugins, from their files, against loops over pixels, closed formulas and
//! plain PyTorch (`tests/golden/README.md`).
//!
//! - [`harness`]: items and batches;
//! - [`common`]: what holds for all of them, alone and in a list;
//! - the others: an item each.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../golden/formula.rs"]
mod formula;

#[path = "../golden/data.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod data;

mod alternating_flip;
mod beta;
mod common;
mod cutmix;
mod cutout;
mod harness;
mod mixup;
mod trivial_augment;
