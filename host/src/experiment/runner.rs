//! The loop over the jobs that are still to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use super::commit::commit_link;
use super::error::ExperimentError;
use super::event::{Event, Observer};
use super::execute::Executor;
use super::identity::Facts;
use super::jobs::Job;
use super::key::JobKey;
use super::lease::{Attempt, Holder, Lease};
use super::readiness::{Board, Readiness};
use super::record::JobRecord;
use super::run::Summary;
use super::select::Failures;
use super::stop::Stop;
use super::timing::Timing;
use super::training::{Trained, train};
use super::work::Work;

/// One process at work on an experiment.
pub(super) struct Runner<'a> {
    board: Board<'a>,
    facts: &'a Facts,
    executor: &'a dyn Executor,
    observer: &'a dyn Observer,
    stop: &'a Stop,
    poll: Duration,
    /// Whether trainings that diverge are tried again with other seeds.
    retry: bool,
    selected: BTreeSet<JobKey>,
    /// What is still to be done, in order.
    pending: Vec<Job>,
    /// How often each had failed when this start began.
    failures: Failures,
    /// Failed or blocked while this process ran.
    lost: BTreeSet<JobKey>,
    /// Whom this process last waited for.
    held: Vec<(JobKey, Holder)>,
    /// When other processes' results were last looked for.
    refreshed: Option<Instant>,
    summary: Summary,
}

/// Whether a look at the jobs changed anything.
enum Step {
    /// One is off the list.
    Settled,
    /// Not yet.
    NotYet,
    /// This process is to stop.
    Stop,
}

impl<'a> Runner<'a> {
    /// Prepares to do the `selected` jobs of `board`, looking for other processes' results every
    /// `poll`. A job that has failed more often than `failed_before` says, or than it had when this
    /// process began, is not tried.
    pub fn new(
        board: Board<'a>,
        facts: &'a Facts,
        (selected, retry, failed_before): (BTreeSet<JobKey>, bool, Option<&Failures>),
        executor: &'a dyn Executor,
        observer: &'a dyn Observer,
        stop: &'a Stop,
        poll: Duration,
    ) -> Result<Self, ExperimentError> {
        let mut failures = BTreeMap::new();
        let mut pending = Vec::new();
        for job in board.jobs().filter(|job| selected.contains(&job.key) && !board.is_finished(job))
        {
            let attempts = match failed_before {
                Some(before) => before.get(&job.key).copied().unwrap_or(0),
                None => board.run.failure(&job.key)?.map_or(0, |record| record.attempts),
            };
            failures.insert(job.key.clone(), attempts);
            pending.push(job.clone());
        }
        let finished = selected.len() - pending.len();
        observer.event(&Event::Planned { total: selected.len(), finished });
        Ok(Self {
            board,
            facts,
            executor,
            observer,
            stop,
            poll,
            retry,
            selected,
            pending,
            failures,
            lost: BTreeSet::new(),
            held: Vec::new(),
            refreshed: None,
            summary: Summary { skipped: finished, ..Summary::default() },
        })
    }

    /// Does what can be done, until nothing is left or somebody asks to stop.
    pub fn run(mut self) -> Result<Summary, ExperimentError> {
        while !self.pending.is_empty() {
            self.refresh()?;
            match self.pass()? {
                // From the top: what is earlier in the order may have become possible.
                Step::Settled => {}
                Step::NotYet => self.wait(),
                Step::Stop => {
                    self.summary.stopped = true;
                    self.summary.left = self.pending.len();
                    break;
                }
            }
        }
        Ok(self.summary)
    }

    /// Does the first job that can be done.
    fn pass(&mut self) -> Result<Step, ExperimentError> {
        let mut place = 0;
        while let Some(job) = self.pending.get(place).cloned() {
            if self.stop.requested() {
                return Ok(Step::Stop);
            }
            match self.step(&job)? {
                Step::NotYet => place += 1,
                Step::Settled => {
                    self.pending.retain(|other| other.key != job.key);
                    return Ok(Step::Settled);
                }
                Step::Stop => return Ok(Step::Stop),
            }
        }
        Ok(Step::NotYet)
    }

    /// Reads what other processes finished meanwhile.
    fn refresh(&mut self) -> Result<(), ExperimentError> {
        if self.refreshed.is_some_and(|last| last.elapsed() < self.poll) {
            return Ok(());
        }
        let keys: BTreeSet<JobKey> = self
            .pending
            .iter()
            .flat_map(|job| job.needs.iter().chain(&job.linked_to).chain([&job.key]))
            .cloned()
            .collect();
        self.board.refresh(&keys)?;
        self.refreshed = Some(Instant::now());
        Ok(())
    }

    fn step(&mut self, job: &Job) -> Result<Step, ExperimentError> {
        let lease = match self.readiness(job) {
            Readiness::Finished => return Ok(self.finished_elsewhere(job)),
            Readiness::Blocked(reason) => return Ok(self.blocked(job, reason)),
            Readiness::Waiting => return Ok(Step::NotYet),
            Readiness::Link(_) | Readiness::Ready => {
                match Lease::try_acquire(self.board.run, &job.key)? {
                    Attempt::Acquired(lease) => lease,
                    Attempt::Held(_) => return Ok(Step::NotYet),
                }
            }
        };
        // Another process may have had the lease, and done or failed, since we looked.
        self.board.refresh([&job.key])?;
        let failure = self.board.run.failure(&job.key)?;
        if let Some(failure) = failure
            && Some(&failure.attempts) > self.failures.get(&job.key)
        {
            return Ok(self.failed(job, failure.error.unwrap_or_default()));
        }
        let step = match self.readiness(job) {
            Readiness::Finished => self.finished_elsewhere(job),
            Readiness::Link(link) => {
                let record = commit_link(&self.board, job, &link)?;
                self.board.store.add(record);
                self.summary.linked += 1;
                self.observer.event(&Event::Linked { job: &job.key, to: &link.to });
                Step::Settled
            }
            Readiness::Ready => self.train(job, &lease)?,
            Readiness::Waiting | Readiness::Blocked(_) => Step::NotYet,
        };
        drop(lease);
        Ok(step)
    }

    fn readiness(&mut self, job: &Job) -> Readiness {
        let grace = (self.poll * 2).max(Duration::from_millis(500));
        self.board.readiness(job, &self.selected, &self.lost, grace)
    }

    fn train(&mut self, job: &Job, lease: &Lease) -> Result<Step, ExperimentError> {
        let total = self.selected.len();
        let number = total - self.pending.len() + 1;
        self.observer.event(&Event::Started { job: &job.key, number, total });
        let (executor, observer, stop) = (self.executor, self.observer, self.stop);
        match train(&self.board, (job, lease), executor, observer, stop, self.retry)? {
            Trained::Stopped => {
                self.observer.event(&Event::Stopped { job: Some(&job.key) });
                Ok(Step::Stop)
            }
            Trained::Failed(message) => Ok(self.failed(job, message)),
            Trained::Lost => {
                let message = format!(
                    "{} is left to another process, which took this one for dead: it was not \
                     heard of for two minutes",
                    job.key
                );
                self.observer.event(&Event::Warning { message: &message });
                Ok(Step::NotYet)
            }
            Trained::Done { records, seconds, resumed } => {
                self.note_time(job, seconds, resumed);
                self.summary.done += 1;
                if let Some(results) = records.first().and_then(|record| record.results.as_ref()) {
                    self.observer.event(&Event::Done { job: &job.key, results, seconds });
                }
                self.adopt(records);
                Ok(Step::Settled)
            }
        }
    }

    /// Takes over what a commit finished: the job itself, and the draws that share it.
    fn adopt(&mut self, records: Vec<JobRecord>) {
        for record in records {
            let waits = self.pending.iter().position(|job| job.key == record.key);
            if let (Some(to), Some(place)) = (&record.linked_to, waits) {
                self.pending.remove(place);
                self.summary.linked += 1;
                self.observer.event(&Event::Linked { job: &record.key, to });
            }
            self.board.store.add(record);
        }
    }

    fn note_time(&self, job: &Job, seconds: f64, resumed: bool) {
        let epochs = Work::of(self.board.config, &job.key).map_or(0, |work| work.epochs());
        let timing = Timing::now(&job.key, seconds, epochs, resumed, &self.facts.device);
        if let Err(error) = timing.append(self.board.run) {
            // The job is finished; only estimates suffer.
            self.observer.event(&Event::Warning { message: &error.to_string() });
        }
    }

    fn finished_elsewhere(&mut self, job: &Job) -> Step {
        self.summary.skipped += 1;
        self.observer.event(&Event::Elsewhere { job: &job.key });
        Step::Settled
    }

    fn failed(&mut self, job: &Job, error: String) -> Step {
        self.observer.event(&Event::Failed { job: &job.key, error: &error });
        self.lost.insert(job.key.clone());
        self.summary.failed.push((job.key.clone(), error));
        Step::Settled
    }

    fn blocked(&mut self, job: &Job, reason: String) -> Step {
        self.observer.event(&Event::Blocked { job: &job.key, reason: &reason });
        self.lost.insert(job.key.clone());
        self.summary.blocked.push((job.key.clone(), reason));
        Step::Settled
    }

    /// Waits a little for other processes, telling whom it waits for when that changes.
    fn wait(&mut self) {
        let held = self.board.in_work();
        if held != self.held {
            self.observer.event(&Event::Waiting { held: &held });
            self.held = held;
        }
        let begun = Instant::now();
        while begun.elapsed() < self.poll && !self.stop.requested() {
            thread::sleep(self.poll.min(Duration::from_millis(50)));
        }
        self.refreshed = None;
    }
}
