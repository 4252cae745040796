//! Networks that come from PyTorch as a graph file: what `docs/python/torch_to_jackpot.py` writes.
//!
//! - [`exported`]: committed exports against PyTorch's numbers (`tests/golden/README.md`);
//! - [`runs`]: whole runs of the program on such a file, and files that do not fit;
//! - [`script`]: the script itself, where `JACKPOT_TEST_PYTHON` names a Python with torch.

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

mod exported;
mod runs;
mod script;

use std::path::{Path, PathBuf};

/// A file among the golden values.
fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/data").join(file)
}
