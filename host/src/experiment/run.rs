//! Runs an experiment: does whatever is selected, missing and possible, and nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use super::conflict::Conflicts;
use super::error::ExperimentError;
use super::event::Observer;
use super::execute::Executor;
use super::identity::Facts;
use super::jobs::jobs;
use super::key::JobKey;
use super::leftovers::sweep;
use super::manifest;
use super::readiness::Board;
use super::rundir::RunDir;
use super::runner::Runner;
use super::select::{Failures, Selection};
use super::stop::Stop;
use crate::config::Config;

/// An experiment and where it happens.
#[derive(Debug, Clone, Copy)]
pub struct Experiment<'a> {
    pub run: &'a RunDir,
    pub config: &'a Config,
    /// The resolved config as TOML, for `config.toml`.
    pub config_text: &'a str,
    pub facts: &'a Facts,
    /// For `manifest.json`. Empty: another process has noted the start that this one belongs to.
    pub command_line: &'a [String],
}

/// What came of a run. Every selected job is counted once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Trained by this process.
    pub done: usize,
    /// Finished by this process by referring to another job.
    pub linked: usize,
    /// Finished before, or by another process meanwhile.
    pub skipped: usize,
    /// With what they failed.
    pub failed: Vec<(JobKey, String)>,
    /// Why they cannot be done.
    pub blocked: Vec<(JobKey, String)>,
    /// Not done, since this process was asked to stop.
    pub left: usize,
    /// Whether it was asked to stop with work left.
    pub stopped: bool,
}

/// Does the selected jobs of an experiment that are not finished; with other processes on the
/// same run directory shares the work, and waits for what they have in hand.
///
/// A failed job does not end the experiment: what needs it is blocked, the others go on.
///
/// # Errors
/// Conflicts, found before anything is written; a disk that is full or not writable; a config
/// whose jobs cannot be listed.
pub fn run(
    experiment: &Experiment<'_>,
    selection: &Selection,
    executor: &dyn Executor,
    observer: &dyn Observer,
    stop: &Stop,
) -> Result<Summary, ExperimentError> {
    run_polling(experiment, selection, executor, observer, stop, Duration::from_secs(1))
}

/// The jobs that a selection takes.
///
/// # Errors
/// The jobs cannot be listed; `--only` matches nothing.
pub fn selected(
    config: &Config,
    selection: &Selection,
) -> Result<BTreeSet<JobKey>, ExperimentError> {
    selection.of(&jobs(config)?)
}

/// How often jobs of a config have failed so far.
///
/// # Errors
/// The jobs cannot be listed; a note of a failure cannot be read.
pub fn failures(run: &RunDir, config: &Config) -> Result<Failures, ExperimentError> {
    let mut found = Failures::new();
    for job in jobs(config)? {
        if let Some(failure) = run.failure(&job.key)? {
            found.insert(job.key, failure.attempts);
        }
    }
    Ok(found)
}

/// [`run`] that looks for other processes' results every `poll`.
pub(super) fn run_polling(
    experiment: &Experiment<'_>,
    selection: &Selection,
    executor: &dyn Executor,
    observer: &dyn Observer,
    stop: &Stop,
    poll: Duration,
) -> Result<Summary, ExperimentError> {
    let Experiment { run, config, config_text, facts, command_line } = *experiment;
    let board = Board::read(run, config, facts, selection.accept_changed_plugins)?;
    let conflicts = board.conflicts()?;
    if !conflicts.is_empty() {
        let run = run.path().to_owned();
        return Err(Box::new(Conflicts { run, jobs: conflicts }).into());
    }
    let selected = selection.of(&board.jobs().cloned().collect::<Vec<_>>())?;
    if !command_line.is_empty() {
        manifest::begin(run, config_text, facts, command_line)?;
        sweep(&board)?;
    }
    let selected = (selected, selection.retry_diverged, selection.failures.as_ref());
    Runner::new(board, facts, selected, executor, observer, stop, poll)?.run()
}
