//! The command line: arguments, what is printed, exit codes. How anything is computed is the
//! business of the other folders.
//!
//! [`args`], a crate of its own, says what may be typed, `asked` what that means to the rest of the
//! program; `commands` has one file per subcommand, [`progress`] shows a
//! run under way. Every error ends up here as a [`Failure`] and is shown once.

mod asked;
mod commands;
mod failure;
mod log;
pub mod progress;
mod screen;
mod signals;
mod terminal;
mod words;

use std::process::ExitCode;

use clap::Parser;

pub use jackpot_command_line as args;

use args::Cli;
use terminal::Terminal;

/// Does what the command line says.
///
/// Exit codes: 0 done; 1 something failed; 2 usage or config error; 3 stopped with work left;
/// 130 killed by a second signal.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout, which a pager may have closed: no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::new(&cli.common);
    log::start(&terminal, cli.common.verbose);
    match commands::run(&cli.command, &terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.fail(&failure);
            ExitCode::from(failure.code())
        }
    }
}
