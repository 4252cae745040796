//! `cargo xtask bench`: the training throughput of this machine, from a release build.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

pub fn run(workspace: &Workspace, extra: &[String]) -> Result<(), Failure> {
    setup::ensure(workspace, setup::Options::default())?;
    start(workspace.cargo(&["build", "--release"]))?;
    let mut jackpot = workspace.program(workspace.target.join("release/jackpot"));
    jackpot.args(["bench", "--json"]).args(extra);
    start(jackpot)
}
