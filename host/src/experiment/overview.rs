//! How far a run is: every job with its state, and what is left in time and disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::checkpoint::{Asked, Checkpoint};
use super::conflict::{Conflict, Conflicts};
use super::error::ExperimentError;
use super::files;
use super::identity::{self, Facts, Identity};
use super::jobs::{Job, jobs};
use super::key::JobKey;
use super::lease::{self, Holder};
use super::record::JobStatus;
use super::rundir::RunDir;
use super::store::Store;
use super::timing::Timings;
use super::work::Work;
use crate::config::Config;
use crate::median::median;

/// The jobs of a config and how they stand in a run directory. Its `Display` is a table for the
/// terminal; [`Overview::render`] takes the width.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The run directory, if there is one yet.
    pub run: Option<PathBuf>,
    /// In execution order.
    pub jobs: Vec<JobView>,
    /// Seconds of computing for what is left; `None` before anything comparable was done.
    pub seconds_left: Option<f64>,
    /// Bytes of the finished jobs.
    pub bytes: u64,
    /// Bytes that what is left will take; `None` before any job was trained.
    pub bytes_left: Option<u64>,
    /// Finished jobs that the config does not name.
    pub others: Vec<JobKey>,
}

/// One job of an [`Overview`].
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    pub key: JobKey,
    pub state: JobState,
    /// How long it will take; `None` if it is finished, needs no training, or nobody can tell.
    pub seconds: Option<f64>,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq)]
pub enum JobState {
    /// Trained.
    Done,
    /// Finished by this other job's training.
    Linked(JobKey),
    /// To do; by this other job's training.
    WillLink(JobKey),
    ToDo,
    /// To do; was stopped within and goes on from there.
    Begun,
    /// In work.
    Running(Holder),
    /// To do again.
    Failed {
        error: String,
        attempts: u64,
    },
    /// Finished or begun with other settings. Only [`plan`] can tell.
    Conflict(Conflict),
}

impl JobState {
    /// Whether it has results that count.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Done | Self::Linked(_))
    }
}

impl Overview {
    /// The jobs that were finished or begun with other settings, as one error text.
    pub fn conflicts(&self) -> Option<Conflicts> {
        let conflict = |job: &JobView| match &job.state {
            JobState::Conflict(conflict) => Some(conflict.clone()),
            _ => None,
        };
        let jobs: Vec<Conflict> = self.jobs.iter().filter_map(conflict).collect();
        (!jobs.is_empty()).then(|| Conflicts { run: self.run.clone().unwrap_or_default(), jobs })
    }

    /// How many jobs stand so.
    pub fn count(&self, so: impl Fn(&JobState) -> bool) -> usize {
        self.jobs.iter().filter(|job| so(&job.state)).count()
    }
}

/// How `config` stands in a run directory, `None` if there is none yet.
///
/// # Errors
/// The jobs cannot be listed or identified; the run directory cannot be read. Conflicts are none.
pub fn plan(
    run: Option<&RunDir>,
    config: &Config,
    facts: &Facts,
) -> Result<Overview, ExperimentError> {
    let jobs = jobs(config)?;
    let describe = |job: &Job| Ok((job.key.clone(), identity::describe(config, &job.key, facts)?));
    let identities = jobs.iter().map(describe).collect::<Result<_, ExperimentError>>()?;
    look(run, config, jobs, &identities, facts.train_images)
}

/// How a run stands by itself, judged by its own `config`.
///
/// # Errors
/// As of [`plan`].
pub fn status(run: &RunDir, config: &Config) -> Result<Overview, ExperimentError> {
    look(Some(run), config, jobs(config)?, &BTreeMap::new(), 0)
}

fn look(
    run: Option<&RunDir>,
    config: &Config,
    jobs: Vec<Job>,
    identities: &BTreeMap<JobKey, Identity>,
    train_images: u64,
) -> Result<Overview, ExperimentError> {
    let store = run.map(Store::read).transpose()?.unwrap_or_default();
    let timings = run.map(Timings::read).transpose()?.unwrap_or_default();
    let mut views = Vec::new();
    for job in &jobs {
        let work = Work::of(config, &job.key);
        let epochs = work.map_or(0, |work| work.epochs());
        let steps_per_epoch = work.map_or(1, |work| work.steps_per_epoch(train_images));
        let asked = identities.get(&job.key).map(|identity| Asked { identity, steps_per_epoch });
        let state = state(run, &store, job, asked)?;
        let trains = !matches!(
            state,
            JobState::Done | JobState::Linked(_) | JobState::WillLink(_) | JobState::Conflict(_)
        );
        let seconds = timings.estimate(&job.key, epochs).filter(|_| trains);
        views.push((trains, JobView { key: job.key.clone(), state, seconds }));
    }
    let to_train = views.iter().filter(|(trains, _)| *trains).count();
    let (mut bytes, mut sizes) = (0, Vec::new());
    for record in store.all().filter(|record| record.status == JobStatus::Done) {
        let size = run.map(|run| files::size(&run.folder(&record.key))).transpose()?.unwrap_or(0);
        bytes += size;
        sizes.push(size as f64);
    }
    let known = |key: &JobKey| jobs.iter().any(|job| job.key == *key);
    Ok(Overview {
        run: run.map(|run| run.path().to_owned()),
        seconds_left: views
            .iter()
            .filter(|(trains, _)| *trains)
            .map(|(_, view)| view.seconds)
            .sum::<Option<f64>>(),
        bytes,
        bytes_left: median(sizes).map(|size| (size * to_train as f64) as u64),
        others: store.all().map(|record| record.key.clone()).filter(|key| !known(key)).collect(),
        jobs: views.into_iter().map(|(_, view)| view).collect(),
    })
}

fn state(
    run: Option<&RunDir>,
    store: &Store,
    job: &Job,
    asked: Option<Asked<'_>>,
) -> Result<JobState, ExperimentError> {
    let identity = asked.map(|asked| asked.identity);
    if let Some(record) = store.get(&job.key) {
        let conflict = identity.and_then(|now| Conflict::of(record, now, false));
        return Ok(match (conflict, &record.linked_to) {
            (Some(conflict), _) => JobState::Conflict(conflict),
            (None, Some(to)) => JobState::Linked(to.clone()),
            (None, None) => JobState::Done,
        });
    }
    let Some(run) = run else { return Ok(to_do(job, None)) };
    if let Some(holder) = lease::holder(run, &job.key) {
        return Ok(JobState::Running(holder));
    }
    if let Some(asked) = asked
        && let Some(conflict) = Checkpoint::conflict(run, job, &asked)?
    {
        return Ok(JobState::Conflict(conflict));
    }
    if let Some(failure) = run.failure(&job.key)? {
        let error = failure.error.unwrap_or_default();
        return Ok(JobState::Failed { error, attempts: failure.attempts });
    }
    if Checkpoint::has_state(run, job)? {
        return Ok(JobState::Begun);
    }
    Ok(to_do(
        job,
        identity.and_then(|identity| store.trained(&identity.hash)).map(|twin| &twin.key),
    ))
}

fn to_do(job: &Job, twin: Option<&JobKey>) -> JobState {
    twin.or(job.linked_to.as_ref()).map_or(JobState::ToDo, |twin| JobState::WillLink(twin.clone()))
}
