//! One training of a run: where it begins, the state that it goes on from, and what stays of it
//! when it fails.

use std::path::PathBuf;
use std::time::Instant;

use super::checkpoint::{Asked, Checkpoint};
use super::commit::{commit, commit_divergence, commit_failure};
use super::error::ExperimentError;
use super::event::{Event, Observer};
use super::execute::{ExecuteError, Executor, Inputs, Outcome, Start};
use super::files::{self, TemporaryFolder};
use super::jobs::Job;
use super::key::JobKey;
use super::lease::Lease;
use super::readiness::Board;
use super::record::JobRecord;
use super::retry::{Seeds, TRIES};
use super::stop::Stop;
use super::work::Work;
use crate::config::{Levels, Rewind, StartWeights, Teacher};

/// What came of a training.
#[derive(Debug)]
pub enum Trained {
    /// The records of all jobs that it finished, its own first.
    Done { records: Vec<JobRecord>, seconds: f64, resumed: bool },
    /// Asked to stop.
    Stopped,
    /// In words for the user.
    Failed(String),
    /// Another process took this one for dead, and has the job now.
    Lost,
}

/// Trains a job whose lease the caller holds, and commits the result. With `retry`, one that
/// diverges is tried again with other seeds.
///
/// # Errors
/// What every other job would meet, too: a full disk, or a state of other settings.
pub fn train(
    board: &Board<'_>,
    (job, lease): (&Job, &Lease),
    executor: &dyn Executor,
    observer: &dyn Observer,
    stop: &Stop,
    retry: bool,
) -> Result<Trained, ExperimentError> {
    let run = board.run;
    let own = Work::of(board.config, &job.key).map_or(job.key.seed(), |work| work.seed);
    let mut checkpoint = prepare(board, job, observer)?;
    let before = earlier(board, job).map(|record| record.diverged);
    let mut seeds = Seeds::new(own, before.unwrap_or_default(), checkpoint.seed, retry);
    if seeds.other != checkpoint.seed {
        checkpoint.begin_anew(run, job, seeds.other)?;
    }
    let execute = |checkpoint: &Checkpoint| -> Result<_, ExperimentError> {
        let folder = TemporaryFolder::create(&run.folder(&job.key))?;
        let (start, teacher) = start(board, job);
        let state = checkpoint.path.clone();
        let inputs = Inputs { start, teacher, checkpoint: state, seed: checkpoint.seed };
        let outcome = executor.execute(job, &inputs, folder.path(), observer, stop);
        Ok((outcome, folder))
    };
    let begun = Instant::now();
    let (mut outcome, mut folder) = execute(&checkpoint)?;
    let mut tries = usize::from(seeds.other.is_some());
    while let Err(ExecuteError::Diverged(reason)) = &outcome {
        seeds.note(own);
        if !retry || tries == TRIES || !lease.is_ours() {
            break;
        }
        tries += 1;
        commit_divergence(board, job, reason, &seeds.diverged)?;
        seeds.next(own);
        let seed = seeds.other.unwrap_or(own);
        let message = format!("{} is tried again with the seed {seed}: {reason}", job.key);
        observer.event(&Event::Warning { message: &message });
        drop(folder);
        checkpoint.begin_anew(run, job, seeds.other)?;
        (outcome, folder) = execute(&checkpoint)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    if !lease.is_ours() {
        // All that it made is the other's to make, and its state the other's to go on from.
        return Ok(Trained::Lost);
    }
    let committed = match outcome {
        Ok(Outcome::Done(results)) => commit(board, job, results, &seeds, folder),
        Ok(Outcome::Stopped) => {
            drop(folder);
            checkpoint.tidy()?;
            return Ok(Trained::Stopped);
        }
        Err(error) => {
            drop(folder);
            Err(error)
        }
    };
    match committed {
        Ok(records) => {
            files::remove(&run.failure_path(&job.key))?;
            let resumed = checkpoint.has_state;
            checkpoint.remove()?;
            Ok(Trained::Done { records, seconds, resumed })
        }
        Err(ExecuteError::File(error)) if error.stops_everything() => {
            checkpoint.tidy()?;
            Err(error.into())
        }
        Err(error) => failed(board, job, checkpoint, &seeds, error).map(Trained::Failed),
    }
}

/// The note of an earlier failure of this very training: a damaged one, and one of other settings,
/// counts as none.
fn earlier(board: &Board<'_>, job: &Job) -> Option<JobRecord> {
    let note = board.run.failure(&job.key).ok().flatten()?;
    let identity = board.identities.get(&job.key)?;
    (note.identity == identity.hash).then_some(note)
}

fn prepare(
    board: &Board<'_>,
    job: &Job,
    observer: &dyn Observer,
) -> Result<Checkpoint, ExperimentError> {
    let identity = board.identities.get(&job.key);
    let what = || format!("the job `{}`", job.key);
    let identity = identity.ok_or_else(|| ExperimentError::MissingFact { what: what() })?;
    let asked = Asked { identity, steps_per_epoch: board.steps_per_epoch(job) };
    let checkpoint = Checkpoint::prepare(board.run, job, &asked, board.accept_plugins)?;
    if let Some(note) = &checkpoint.note {
        observer.event(&Event::Warning { message: note });
    }
    Ok(checkpoint)
}

/// Notes a failure, and gives the words for it. The state is kept, since hours of work may be in
/// it; only one that cannot be gone on from goes, when that happens again.
fn failed(
    board: &Board<'_>,
    job: &Job,
    mut checkpoint: Checkpoint,
    seeds: &Seeds,
    error: ExecuteError,
) -> Result<String, ExperimentError> {
    let path = checkpoint.path.display().to_string();
    let before = earlier(board, job).and_then(|record| record.error);
    let is_again = |reason: &String| before.is_some_and(|before| before.starts_with(reason));
    let message = match error {
        ExecuteError::Checkpoint(reason) if is_again(&reason) => {
            checkpoint.remove()?;
            format!("{reason}\nThe state in {path} was removed: the next run starts the job over.")
        }
        // With that seed it would only diverge again.
        ExecuteError::Diverged(reason) if seeds.other.is_some() => {
            checkpoint.begin_anew(board.run, job, None)?;
            checkpoint.tidy()?;
            let seeds: Vec<_> = seeds.diverged.iter().map(u64::to_string).collect();
            format!("{reason}\nIt diverged with the seeds {}.", seeds.join(", "))
        }
        error if checkpoint.tidy()? => format!(
            "{error}\nThe next run goes on from the state in {path}; to start over, remove it."
        ),
        error => error.to_string(),
    };
    commit_failure(board, job, &message, &seeds.diverged)?;
    Ok(message)
}

/// Where the training of a job begins, and the folder of its teacher.
fn start(board: &Board<'_>, job: &Job) -> (Start, Option<PathBuf>) {
    let run = board.run;
    let place = |key: &JobKey| match board.store.get(key) {
        Some(record) => run.files(record),
        None => run.folder(key),
    };
    let dense = || Start::Dense { rewind_points: job.rewind_points.clone() };
    let Some(work) = Work::of(board.config, &job.key) else { return (dense(), None) };
    let teacher = work.train.teacher == Some(Teacher::Dense);
    let teacher = teacher.then(|| place(&work.dense()));
    let rewound = match work.rewind() {
        Rewind::Init => run.init(&work.draw.name, work.ticket_seed),
        Rewind::At(_) => run.rewind(&work.draw.name, work.ticket_seed),
    };
    let start = match (&job.key, &work.draw.levels) {
        (JobKey::Draw { level: 0, .. }, _) => dense(),
        (JobKey::Draw { level, .. }, Levels::Masks(files)) => match files.get(level - 1) {
            Some(mask) => Start::Import { mask: mask.clone(), weights: rewound },
            None => dense(),
        },
        (JobKey::Draw { .. }, _) => {
            Start::Prune { previous: place(&work.parent()), weights: rewound }
        }
        (JobKey::Spend { .. }, _) => Start::Ticket {
            mask: place(&work.ticket()).join("mask.safetensors"),
            weights: match work.start() {
                StartWeights::Rewind => Some(rewound),
                StartWeights::Trained => Some(place(&work.parent()).join("model.safetensors")),
                StartWeights::Reinit => None,
            },
        },
    };
    (start, teacher)
}
