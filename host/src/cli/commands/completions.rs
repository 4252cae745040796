//! `jackpot completions`.

use clap_complete::Shell;

use crate::cli::args;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

/// Prints what a shell reads to complete a line.
pub fn run(shell: Shell, terminal: &Terminal) -> Result<(), Failure> {
    terminal.print(&args::completions(shell))
}
