//! The `jackpot` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackpot::cli::run()
}
