//! Keeps what was chosen, and starts the other processes, as many as have something to do.

use std::sync::Arc;
use std::time::Duration;

use super::orders::{Orders, Task};
use super::{Plan, Workers};
use crate::cli::failure::Failure;
use crate::cli::progress::Relay;
use crate::cli::terminal::Terminal;
use crate::config::Config;
use crate::experiment::{
    Facts, JobState, Overview, RunDir, Selection, Summary, failures, plan, selected,
};

/// A run, and what is asked of it.
pub struct Asked<'a> {
    pub run: &'a RunDir,
    pub config: &'a Config,
    pub facts: &'a Facts,
    pub selection: &'a Selection,
}

impl Asked<'_> {
    /// Keeps the choice of `plan`, and starts what it has beside this process; nothing where this
    /// process will stop at a conflict. `limit` is the time that is left.
    ///
    /// # Errors
    /// A selection of nothing; a disk that is not writable; the system gives no further process.
    pub fn begin(
        &self,
        plan: &Plan,
        workers: &Workers,
        limit: Option<Duration>,
        (relay, terminal): (&Arc<Relay>, &Terminal),
    ) -> Result<(), Failure> {
        if plan.processes == 1 && plan.measured.is_none() {
            return Ok(());
        }
        let Some(trainings) = self.trainings()? else { return Ok(()) };
        if let Some(choice) = &plan.measured {
            choice.keep(self.run)?;
        }
        let before = self.selection.failures.clone().unwrap_or_default();
        let orders = Orders { threads: plan.threads, task: Task::work(limit, &before) };
        let count = plan.processes.min(trainings).saturating_sub(1);
        Ok(workers.start(count, &orders, relay, terminal)?)
    }

    /// The trainings that are left to do; `None` where something is in conflict.
    fn trainings(&self) -> Result<Option<usize>, Failure> {
        let overview = self.overview()?;
        if overview.conflicts().is_some() {
            return Ok(None);
        }
        let is_left =
            |state: &JobState| !state.is_finished() && !matches!(state, JobState::WillLink(_));
        self.count(&overview, is_left).map(Some)
    }

    /// Brings the summary of a stop up to date, which was made while others still worked: they may
    /// have finished jobs, and failed.
    ///
    /// # Errors
    /// The run cannot be read.
    pub fn recount(&self, summary: &mut Summary) -> Result<(), Failure> {
        if summary.stopped {
            let before = self.selection.failures.clone().unwrap_or_default();
            let selected = selected(self.config, self.selection)?;
            for (key, attempts) in failures(self.run, self.config)? {
                let is_new = attempts > before.get(&key).copied().unwrap_or(0);
                let is_ours = selected.contains(&key);
                if is_new && is_ours && !summary.failed.iter().any(|(known, _)| *known == key) {
                    let note = self.run.failure(&key)?.and_then(|record| record.error);
                    summary.failed.push((key, note.unwrap_or_default()));
                }
            }
            let lost = summary.failed.len() + summary.blocked.len();
            let unfinished = self.count(&self.overview()?, |state| !state.is_finished())?;
            summary.left = unfinished.saturating_sub(lost);
            summary.stopped = summary.left > 0;
        }
        Ok(())
    }

    fn overview(&self) -> Result<Overview, Failure> {
        Ok(plan(Some(self.run), self.config, self.facts)?)
    }

    fn count(&self, overview: &Overview, so: impl Fn(&JobState) -> bool) -> Result<usize, Failure> {
        let selected = selected(self.config, self.selection)?;
        let jobs = overview.jobs.iter();
        Ok(jobs.filter(|job| selected.contains(&job.key) && so(&job.state)).count())
    }
}
