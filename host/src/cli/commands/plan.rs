//! `jackpot plan`; and how every command opens an experiment.

use std::path::{Path, PathBuf};

use crate::cli::args::ExperimentArgs;
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::config::Overrides;
use crate::engine::Session;
use crate::experiment::{self, RunDir};

/// Opens an experiment and reads all that it needs.
///
/// # Errors
/// Whatever is wrong with the config, the plugins, the data or the network.
pub fn open(args: &ExperimentArgs, terminal: &Terminal) -> Result<Session, Failure> {
    let mut session = Session::open(&args.config, &Overrides::from(&args.overriding))?;
    prepare(&mut session, terminal)?;
    Ok(session)
}

/// Reads all that an experiment needs.
///
/// # Errors
/// Whatever is wrong with the data or the network.
pub fn prepare(session: &mut Session, terminal: &Terminal) -> Result<(), Failure> {
    let _busy = terminal.busy("reading the data and trying every recipe once");
    Ok(session.prepare(&Stages::new(terminal))?)
}

/// The experiment's run directory.
pub fn folder(args: &ExperimentArgs, session: &Session) -> PathBuf {
    args.out.clone().unwrap_or_else(|| Path::new("runs").join(&session.config.name))
}

/// Shows the jobs of an experiment.
pub fn run(args: &ExperimentArgs, terminal: &Terminal) -> Result<(), Failure> {
    let session = open(args, terminal)?;
    let run = RunDir::find(&folder(args, &session))?;
    let overview = experiment::plan(run.as_ref(), &session.config, session.facts()?)?;
    terminal.print(&format!("{}\n", overview.render(terminal.width())))
}
