//! `jackpot plugin serve`: the host of an author's tests, which start it and speak with it on stdin
//! and stdout.

use std::io::{BufReader, BufWriter, IsTerminal, stdin, stdout};

use crate::cli::failure::Failure;
use crate::engine::trials::serve_tests;

/// Serves until stdin ends.
pub fn serve() -> Result<(), Failure> {
    if stdin().is_terminal() {
        return Err(Failure::usage(
            "this is started by the tests of a plugin's author and speaks with them; they run with \
             `cargo test` (docs/plugins/testing.md)",
        ));
    }
    Ok(serve_tests(BufReader::new(stdin()), BufWriter::new(stdout()))?)
}
