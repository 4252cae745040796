//! `cargo xtask bench`: Jackpot and PyTorch by turns.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

/// Says which Python has torch.
const VARIABLE: &str = "JACKPOT_BENCH_PYTHON";

pub fn run(workspace: &Workspace, options: &[String]) -> Result<(), Failure> {
    setup::ensure(workspace, setup::Options::default())?;
    let leave_out =
        ["--exclude", "xtask", "--exclude", "jackpot-tests", "--exclude", "jackpot-fuzz"];
    let build = [&["build", "--release", "--workspace"][..], &leave_out].concat();
    start(workspace.cargo(&build))?;
    let python = std::env::var(VARIABLE).unwrap_or_else(|_| "python3".to_owned());
    let mut compare = workspace.program(python);
    compare.arg(workspace.root.join("bench").join("compare.py"));
    compare.arg(workspace.target.join("release").join("jackpot")).args(options);
    start(compare)
}
