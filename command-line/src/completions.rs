//! What a shell reads to complete a line.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Cli;

/// The script of `jackpot completions SHELL`.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "jackpot", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
