//! `jackpot status`.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::config::{self, Overrides};
use crate::experiment::{self, Concurrency, RunDir};

/// Shows the jobs of a run, by the config in its folder.
pub fn run(run: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let run = RunDir::open(run)?;
    // Without the plugins: a run can be looked at where they are not.
    let loaded = config::load(&run.config(), &Overrides::default())?;
    let overview = experiment::status(&run, loaded.unchecked())?;
    let mut text = format!("{}\n", overview.render(terminal.width()));
    for choice in Concurrency::all(&run)? {
        let (device, cores, cpu) =
            (&choice.machine.device, choice.machine.cores, &choice.machine.cpu);
        text.push_str(&format!("--jobs auto: {choice} ({device}, {cores} cores, {cpu})\n"));
    }
    terminal.print(&text)
}
