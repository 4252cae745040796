//! `cargo xtask quickstart`: from a fresh clone to the first report.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

const CONFIG: &str = "configs/quickstart.toml";
const OUT: &str = "runs/quickstart";

pub fn run(workspace: &Workspace) -> Result<(), Failure> {
    setup::run(workspace, setup::Options::default())?;
    start(workspace.cargo(&["build", "--release"]))?;
    let binary = workspace.target.join("release/jackpot");
    let mut jackpot = workspace.program(&binary);
    jackpot.args(["run", CONFIG, "--out", OUT]);
    start(jackpot).inspect_err(|failure| {
        if failure.code() == 3 {
            eprintln!("\nStopped with work left. `cargo xtask quickstart` goes on where it was.");
        }
    })?;
    let report = workspace.root.join(OUT).join("report.html");
    if !report.is_file() {
        return Err(Failure::Other(format!("the run wrote no {}", report.display())));
    }
    eprintln!("\nThe report: {}", report.display());
    eprintln!("The run:    {OUT} (config, tickets, weights, results.csv)");
    eprintln!("Next:       {} --help, and docs/", binary.display());
    Ok(())
}
