//! The program built with a later version of `jackpot-plugin-api` (feature `next`), for tests of
//! today's plugins on tomorrow's host.

use std::process::ExitCode;

fn main() -> ExitCode {
    jackpot::cli::run()
}
