//! `cargo xtask overhead`: the cost of an activation that is a plugin.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

pub fn run(workspace: &Workspace) -> Result<(), Failure> {
    setup::ensure(workspace, setup::Options::default())?;
    let release = ["build", "--release", "--package"];
    start(workspace.cargo(&[&release[..], &["jackpot", "--example", "overhead"]].concat()))?;
    let plugins = ["jackpot-resnet", "--package", "jackpot-swish"];
    start(workspace.cargo(&[&release[..], &plugins].concat()))?;
    let folder = workspace.target.join("release");
    let mut program = workspace.program(folder.join("examples").join("overhead"));
    program.arg(&folder).env("OMP_NUM_THREADS", "1");
    start(program)
}
