//! The program that a package installs as `jackpot`.
//!
//! The engine is linked with libtorch, of which a package has none: it uses the one that is there.
//! This program needs none. It answers what needs no engine (help, version, completions, a line
//! that is not understood), finds libtorch ([`search`]), and becomes the engine with an
//! environment in which the system's loader finds it ([`engine`]). The command line is untouched.

mod engine;
mod error;
mod python;
mod search;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use jackpot_command_line::{Cli, Command, Common, LogFormat, completions};

use crate::engine::Engine;
use crate::error::Failure;
use crate::search::Surroundings;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout, which a pager may have closed: no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match &cli.command {
        Command::Completions { shell } => print(&completions(*shell)),
        _ => start(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&failure, &cli.common);
            ExitCode::FAILURE
        }
    }
}

/// Becomes the engine, or says why not.
fn start() -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(Failure::Own)?;
    let engine = Engine::of(&program)?;
    let variable = |name: &str| std::env::var_os(name);
    let surroundings =
        Surroundings { program: &program, variable: &variable, ask: &python::torch_of };
    let torch = search::find(&surroundings)?;
    let arguments: Vec<OsString> = std::env::args_os().collect();
    Err(engine.become_it(&torch, &arguments, variable))
}

/// As the engine prints: a reader that has gone away is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Print(error)),
        _ => Ok(()),
    }
}

/// As the engine tells its errors.
fn tell(failure: &Failure, common: &Common) {
    match common.log_format {
        LogFormat::Text => eprintln!("error: {failure}"),
        LogFormat::Json => {
            let message = failure.to_string();
            let line = serde_json::json!({ "event": "error", "message": message, "exit_code": 1 });
            eprintln!("{line}");
        }
    }
}
