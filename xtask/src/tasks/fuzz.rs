//! `cargo xtask fuzz`: spoilt files for everything that reads what others wrote.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

pub fn run(workspace: &Workspace, options: &[String]) -> Result<(), Failure> {
    setup::run(workspace, setup::Options::default())?;
    // Two plugin files are among what is spoilt. The development profile has overflow checks.
    start(workspace.cargo(&[
        "build",
        "-p",
        "jackpot-fuzz",
        "-p",
        "jackpot-relu",
        "-p",
        "jackpot-mish",
    ]))?;
    let mut program = workspace.cargo(&["run", "--quiet", "-p", "jackpot-fuzz", "--"]);
    program.args(options);
    start(program)
}
