//! What can be done with a job now: nothing more, refer to another, train, wait, give up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration as Span, Instant};

use super::checkpoint::{Asked, Checkpoint};
use super::conflict::{Conflict, Conflicts};
use super::error::ExperimentError;
use super::files::FileError;
use super::identity::{self, Facts, Identity};
use super::jobs::{Job, jobs};
use super::key::JobKey;
use super::lease::{self, Holder};
use super::record::{JobRecord, JobStatus};
use super::rundir::RunDir;
use super::store::Store;
use super::work::Work;
use crate::config::{Config, Rewind};

/// The jobs of a config against a run directory.
#[derive(Debug)]
pub struct Board<'a> {
    pub run: &'a RunDir,
    pub config: &'a Config,
    jobs: Vec<Job>,
    places: BTreeMap<JobKey, usize>,
    pub identities: BTreeMap<JobKey, Identity>,
    pub store: Store,
    /// How many images an epoch has.
    train_images: u64,
    /// Whether results made with other files of the same plugins are kept.
    pub accept_plugins: bool,
    /// When a job that this process waits for, but may not do, was last seen in work.
    seen_alive: BTreeMap<JobKey, Instant>,
    begun: Instant,
}

/// What can be done with a job.
#[derive(Debug, PartialEq)]
pub enum Readiness {
    /// Nothing: it is finished.
    Finished,
    /// Refer to a finished job.
    Link(Link),
    /// Train.
    Ready,
    /// Wait: it needs what is not finished yet.
    Waiting,
    /// Nothing, and nobody will change that; says why.
    Blocked(String),
}

/// A finished job to refer to, and for a draw's level 0 the files that it needs of its own.
#[derive(Debug, PartialEq)]
pub struct Link {
    pub to: JobKey,
    pub init: Option<PathBuf>,
    pub rewind: Option<PathBuf>,
}

impl<'a> Board<'a> {
    /// Lists the jobs and reads what is finished.
    pub fn read(
        run: &'a RunDir,
        config: &'a Config,
        facts: &Facts,
        accept_plugins: bool,
    ) -> Result<Self, ExperimentError> {
        let jobs = jobs(config)?;
        let describe =
            |job: &Job| Ok((job.key.clone(), identity::describe(config, &job.key, facts)?));
        let identities = jobs.iter().map(describe).collect::<Result<_, ExperimentError>>()?;
        let store = Store::read(run)?;
        let places = jobs.iter().enumerate().map(|(place, job)| (job.key.clone(), place)).collect();
        Ok(Self {
            run,
            config,
            jobs,
            places,
            identities,
            store,
            train_images: facts.train_images,
            accept_plugins,
            seen_alive: BTreeMap::new(),
            begun: Instant::now(),
        })
    }

    /// The jobs of the config, in execution order.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter()
    }

    fn job(&self, key: &JobKey) -> Option<&Job> {
        self.jobs.get(*self.places.get(key)?)
    }

    /// The unfinished jobs that other processes have in hand.
    pub fn in_work(&self) -> Vec<(JobKey, Holder)> {
        let open = self.jobs.iter().filter(|job| self.store.get(&job.key).is_none());
        open.filter_map(|job| Some((job.key.clone(), lease::holder(self.run, &job.key)?))).collect()
    }

    /// Finished and begun jobs that are no longer what the config says, in the jobs' order.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, FileError> {
        let mut found = Vec::new();
        for job in &self.jobs {
            found.extend(match self.store.get(&job.key) {
                Some(record) => self.conflict(record),
                None => self.conflict_of_state(job)?,
            });
        }
        Ok(found)
    }

    fn conflict_of_state(&self, job: &Job) -> Result<Option<Conflict>, FileError> {
        let Some(now) = self.identities.get(&job.key) else { return Ok(None) };
        let asked = Asked { identity: now, steps_per_epoch: self.steps_per_epoch(job) };
        let found = Checkpoint::conflict(self.run, job, &asked)?;
        Ok(found.filter(|found| !(self.accept_plugins && found.is_of_plugin_files())))
    }

    /// Steps of an epoch of the job's training.
    pub fn steps_per_epoch(&self, job: &Job) -> u64 {
        Work::of(self.config, &job.key).map_or(1, |work| work.steps_per_epoch(self.train_images))
    }

    fn conflict(&self, record: &JobRecord) -> Option<Conflict> {
        let now = self.identities.get(&record.key)?;
        Conflict::of(record, now, self.accept_plugins)
    }

    /// Looks whether other processes finished any of these jobs.
    ///
    /// # Errors
    /// One was finished under another config.
    pub fn refresh<'k>(
        &mut self,
        keys: impl IntoIterator<Item = &'k JobKey>,
    ) -> Result<(), ExperimentError> {
        for key in keys {
            let Some(record) = self.store.refresh(self.run, key)?.cloned() else { continue };
            if let Some(conflict) = self.conflict(&record) {
                let run = self.run.path().to_owned();
                return Err(Box::new(Conflicts { run, jobs: vec![conflict] }).into());
            }
        }
        Ok(())
    }

    /// Whether nothing is left to do for the job: it has results, and a draw's level 0 has the
    /// weights that its tickets rewind to.
    pub fn is_finished(&self, job: &Job) -> bool {
        let Some(record) = self.store.get(&job.key) else { return false };
        match self.dense_draw(job) {
            None => true,
            Some(rewind) => {
                let (draw, seed) = (job.key.draw(), job.key.seed());
                self.run.init(draw, seed).exists()
                    && match rewind {
                        Rewind::Init => true,
                        Rewind::At(point) => {
                            record.rewind == Some(point) && self.run.rewind(draw, seed).exists()
                        }
                    }
            }
        }
    }

    /// For level 0 of a draw: what its tickets rewind to.
    pub fn dense_draw(&self, job: &Job) -> Option<Rewind> {
        let dense = job.key.is_draw() && job.key.level() == 0;
        let work = Work::of(self.config, &job.key)?;
        dense.then_some(work.draw.rewind)
    }

    /// What can be done with `job`, if this process does the `selected` jobs and `lost` are those
    /// of them that failed or are blocked. Of a job that is not selected, it waits as long as
    /// another process is at it, and for `grace` more.
    pub fn readiness(
        &mut self,
        job: &Job,
        selected: &BTreeSet<JobKey>,
        lost: &BTreeSet<JobKey>,
        grace: Span,
    ) -> Readiness {
        if self.is_finished(job) {
            return Readiness::Finished;
        }
        if let Some(link) = self.link(job) {
            return Readiness::Link(link);
        }
        let twin = job.linked_to.as_ref().filter(|twin| self.store.get(twin).is_none());
        if let Some(twin) = twin.cloned() {
            if lost.contains(&twin) {
                return Readiness::Blocked(format!(
                    "is the same training as {twin}, which was not done"
                ));
            }
            if selected.contains(&twin) || self.is_alive(&twin, grace) {
                return Readiness::Waiting;
            }
        }
        let mut waiting = false;
        for need in &job.needs {
            if lost.contains(need) {
                return Readiness::Blocked(format!("needs {need}, which was not done"));
            }
            let needed = self.job(need);
            if needed.is_some_and(|needed| self.is_finished(needed)) {
                continue;
            }
            if !selected.contains(need) && !self.is_alive(need, grace) {
                return Readiness::Blocked(format!(
                    "needs {need}, which is not finished and not among the selected jobs"
                ));
            }
            waiting = true;
        }
        if waiting { Readiness::Waiting } else { Readiness::Ready }
    }

    /// A finished training that is the same as `job`'s.
    fn link(&self, job: &Job) -> Option<Link> {
        if self.store.get(&job.key).is_some_and(|own| own.status == JobStatus::Done) {
            // Trained here, only its rewind weights are of another point: others may refer to it.
            return None;
        }
        let identity = &self.identities.get(&job.key)?.hash;
        let twin = || self.store.get(job.linked_to.as_ref()?);
        let target = self.store.trained(identity).or_else(twin)?;
        let to = target.linked_to.as_ref().unwrap_or(&target.key).clone();
        let Some(rewind) = self.dense_draw(job) else {
            return Some(Link { to, init: None, rewind: None });
        };
        let path = |file: fn(&RunDir, &str, u64) -> PathBuf, record: &JobRecord| {
            Some(file(self.run, record.key.draw(), record.key.seed())).filter(|path| path.exists())
        };
        let same = |record: &&JobRecord| {
            record.key.is_draw() && record.key.level() == 0 && record.identity == target.identity
        };
        let init = self.store.all().filter(same).find_map(|record| path(RunDir::init, record))?;
        let rewind = match rewind {
            Rewind::Init => None,
            Rewind::At(point) => {
                let at = |record: &&JobRecord| record.rewind == Some(point);
                let saved = self.store.all().filter(same).filter(at);
                Some(saved.into_iter().find_map(|record| path(RunDir::rewind, record))?)
            }
        };
        Some(Link { to, init: Some(init), rewind })
    }

    /// Whether another process does the job, or one that it needs, or did `grace` ago: between
    /// two jobs of a chain nobody holds anything for a moment, and this process may have begun in
    /// such a moment.
    fn is_alive(&mut self, key: &JobKey, grace: Span) -> bool {
        if self.is_in_work(key) {
            self.seen_alive.insert(key.clone(), Instant::now());
            return true;
        }
        self.seen_alive.get(key).unwrap_or(&self.begun).elapsed() < grace
    }

    fn is_in_work(&self, key: &JobKey) -> bool {
        if lease::holder(self.run, key).is_some() {
            return true;
        }
        if self.store.get(key).is_some() {
            return false;
        }
        let Some(job) = self.job(key) else { return false };
        job.needs.iter().chain(&job.linked_to).any(|need| self.is_in_work(need))
    }
}
