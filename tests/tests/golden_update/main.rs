//! gmp, set and rigl with the real plugin files, against plain PyTorch and numpy
//! (`tests/golden/README.md`): the masks after every update, to the bit, and whole trainings.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../golden/formula.rs"]
mod formula;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../golden/compare.rs"]
mod compare;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../golden/data.rs"]
mod data;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../golden/setup.rs"]
mod setup;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "../golden/state.rs"]
mod state;

mod alone;
mod cases;
mod moments;
mod training;
