//! The first and the last line of `--json`; between them are the events.

use std::path::Path;

use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

/// Says which run it is.
///
/// # Errors
/// Stdout cannot be written.
pub fn begin(name: &str, folder: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let (version, folder) = (env!("CARGO_PKG_VERSION"), folder.display().to_string());
    let line = json!({ "event": "run", "name": name, "folder": folder, "jackpot": version });
    terminal.print(&format!("{line}\n"))
}

/// Says how it ended, with the exit code that the program is about to have.
///
/// # Errors
/// How it ended; else, that stdout cannot be written.
pub fn end(result: Result<(), Failure>, terminal: &Terminal) -> Result<(), Failure> {
    let code = result.as_ref().map_or_else(Failure::code, |()| 0);
    let message = result.as_ref().err().map(Failure::message);
    let line = json!({ "event": "end", "exit_code": code, "message": message });
    let written = terminal.print(&format!("{line}\n"));
    result.and(written)
}
