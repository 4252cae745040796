//! `jackpot completions`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::cli::args::Cli;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

/// Prints what a shell reads to complete a line.
pub fn run(shell: Shell, terminal: &Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "jackpot", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))
}
