//! `cargo xtask kill-test`: the long form of the test that kills runs.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub kills: u64,
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { kills: 500, seed: 1 }
    }
}

pub fn run(workspace: &Workspace, options: Options) -> Result<(), Failure> {
    setup::run(workspace, setup::Options::default())?;
    start(workspace.cargo(&["build", "--workspace", "--exclude", "xtask"]))?;
    let words = ["test", "--package", "jackpot-tests", "--test", "kills", "--", "--nocapture"];
    let mut test = workspace.cargo(&words);
    test.env("JACKPOT_KILLS", options.kills.to_string());
    test.env("JACKPOT_KILLS_SEED", options.seed.to_string());
    // As in `cargo xtask test`: two runs at a time, with a thread each.
    test.env("OMP_NUM_THREADS", "1");
    start(test)
}
