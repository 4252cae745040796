//! Started by `cargo xtask dist`; it says how.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jackpot_packaging::check::{self, Checking};
use jackpot_packaging::pack::{self, Packing};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Write the tarball and the wheel
    Pack(Packing),
    /// Try both in a clean root
    Check(Checking),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Pack(packing) => pack::pack(&packing),
        Task::Check(checking) => check::check(&checking),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
