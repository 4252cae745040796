//! The items of kind init: lrsi step by step against plain PyTorch (`tests/golden/init.py`), and
//! what kaiming, xavier and orthogonal draw.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../golden/formula.rs"]
mod formula;

#[path = "../golden/data.rs"]
#[allow(dead_code, reason = "for the tests of whole networks")]
mod data;
#[path = "../golden/setup.rs"]
#[allow(dead_code, reason = "for the tests of whole networks")]
mod setup;
#[path = "../golden/state.rs"]
#[allow(dead_code, reason = "for the tests of whole networks")]
mod state;

mod drawn;
mod given;
mod lrsi;
mod rescaled;
mod run;
