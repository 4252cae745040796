//! `cargo xtask`: the chores of this repository, each of which first sets up what it needs.
//!
//! It depends on the standard library alone, because it is what a fresh clone builds first:
//! before libtorch is there and without the weight of the host's dependencies.

mod cli;
#[cfg(test)]
mod documented;
mod failure;
mod help;
mod setup;
mod tasks;
mod workspace;

use std::process::ExitCode;

use crate::cli::Command;
use crate::failure::Failure;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    match cli::parse(&arguments) {
        Ok(Command::Help(topic)) => {
            print!("{}", help::text(topic));
            ExitCode::SUCCESS
        }
        Ok(command) => match dispatch(command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("\nerror: {failure}");
                ExitCode::from(failure.code())
            }
        },
        Err(usage) => {
            eprintln!("error: {usage}\n\n{}", help::text(None));
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    let workspace = Workspace::locate()?;
    match command {
        // Help is answered before; here it has nothing left to do.
        Command::Help(_) => Ok(()),
        Command::Setup(options) => setup::run(&workspace, options).map_err(Failure::from),
        Command::Quickstart => tasks::quickstart::run(&workspace),
        Command::Test { extra } => tasks::test::run(&workspace, &extra),
        Command::KillTest(options) => tasks::kill_test::run(&workspace, options),
        Command::Lint(options) => tasks::lint::run(&workspace, &options),
        Command::Dist(options) => tasks::dist::run(&workspace, options),
        Command::Memcheck => tasks::memcheck::run(&workspace),
        Command::Exports => tasks::exports::run(&workspace),
        Command::Overhead => tasks::overhead::run(&workspace),
        Command::Bench { options } => tasks::bench::run(&workspace, &options),
        Command::Fuzz { options } => tasks::fuzz::run(&workspace, &options),
    }
}
