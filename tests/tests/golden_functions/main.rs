//! The recipes' functions (activations, losses, learning-rate schedules) from the real plugin files,
//! against values from plain PyTorch (`tests/golden/functions.py`).

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../golden/compare.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod compare;
#[path = "../golden/data.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod data;
#[path = "../../golden/formula.rs"]
mod formula;
#[path = "../golden/setup.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod setup;

mod activations;
mod ghost;
mod losses;
mod params;
mod schedules;
