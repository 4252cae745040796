//! The folder in which a training that is not finished keeps its state.
//!
//! It says whose state it holds: a training of other settings must not go on from it, and hours
//! of work must not vanish because a setting was changed. So such a state is a conflict, and so is
//! one that is past a point whose weights are asked for only now.

use std::path::PathBuf;

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::commit::rewind_name;
use super::conflict::{Conflict, Conflicts};
use super::diff::{Difference, What};
use super::error::ExperimentError;
use super::files::{self, FileError};
use super::identity::Identity;
use super::jobs::Job;
use super::record::pretty;
use super::rundir::RunDir;
use crate::train::checkpoint::missed_point;

const OWNER: &str = ".job.json";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Owner {
    identity: String,
    /// What the identity is the hash of, so that a conflict can say what changed.
    #[serde(default)]
    description: Value,
    /// The points whose weights the training is to save.
    rewind_points: Vec<Duration>,
    /// The seed of the training, where it is not the job's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

/// What is asked of the state of a job.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub identity: &'a Identity,
    /// Of the training, so that a point in epochs can be compared with the state's step.
    pub steps_per_epoch: u64,
}

/// The checkpoint folder of a job whose lease the caller holds.
#[derive(Debug)]
pub struct Checkpoint {
    pub path: PathBuf,
    /// Whether there is a state in it.
    pub has_state: bool,
    /// The seed with which the state was begun, if that is not the job's own.
    pub seed: Option<u64>,
    /// What to tell of a state that was removed.
    pub note: Option<String>,
}

impl Checkpoint {
    /// Makes the folder ready. What is there is kept if the training can go on from it. A state that
    /// another file of a plugin made is removed with `accept_plugins`.
    ///
    /// # Errors
    /// A state of other settings, or past a point that is asked for only now; the disk.
    pub fn prepare(
        run: &RunDir,
        job: &Job,
        asked: &Asked<'_>,
        accept_plugins: bool,
    ) -> Result<Self, ExperimentError> {
        let path = run.checkpoint(&job.key);
        let mut note = None;
        if let Some(conflict) = Self::conflict(run, job, asked)? {
            if !(accept_plugins && conflict.is_of_plugin_files()) {
                let run = run.path().to_owned();
                return Err(Box::new(Conflicts { run, jobs: vec![conflict] }).into());
            }
            note = Some(format!("{} starts over: {}", job.key, conflict.words()));
            files::remove(&path)?;
        }
        let has_state = Self::has_state(run, job)?;
        if !has_state {
            files::remove(&path)?;
        }
        let before = owner_of(run, job)?;
        let owner = Owner {
            identity: asked.identity.hash.clone(),
            description: asked.identity.description.clone(),
            rewind_points: job.rewind_points.clone(),
            seed: before.as_ref().and_then(|old| old.seed),
        };
        if before.as_ref() != Some(&owner) {
            files::write(&path.join(OWNER), &pretty(&owner))?;
        }
        Ok(Self { path, has_state, seed: owner.seed, note })
    }

    /// Removes the state and notes that the next one is begun with another seed, if one is given.
    pub fn begin_anew(
        &mut self,
        run: &RunDir,
        job: &Job,
        seed: Option<u64>,
    ) -> Result<(), FileError> {
        let owner = owner_of(run, job)?;
        files::remove(&self.path)?;
        if let Some(owner) = owner {
            files::write(&self.path.join(OWNER), &pretty(&Owner { seed, ..owner }))?;
        }
        (self.seed, self.has_state) = (seed, false);
        Ok(())
    }

    /// The state of a job that was begun with other settings, or that is past a point whose weights
    /// nobody saved.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn conflict(
        run: &RunDir,
        job: &Job,
        asked: &Asked<'_>,
    ) -> Result<Option<Conflict>, FileError> {
        if !Self::has_state(run, job)? {
            return Ok(None);
        }
        let now = asked.identity;
        let found = match owner_of(run, job)? {
            Some(owner) => Conflict::of_state(&job.key, &owner.identity, &owner.description, now),
            None => Conflict::of_state(&job.key, "unknown", &Value::Null, now),
        };
        Ok(found.or_else(|| past_a_point(run, job, asked.steps_per_epoch)))
    }

    /// Whether a job was begun and stopped. Weights to which tickets rewind are no state: nothing
    /// goes on from them alone.
    pub fn has_state(run: &RunDir, job: &Job) -> Result<bool, FileError> {
        Ok(files::list(&run.checkpoint(&job.key))?.iter().any(|name| is_state(name)))
    }

    /// Removes the folder.
    pub fn remove(self) -> Result<(), FileError> {
        files::remove(&self.path)
    }

    /// Removes the folder unless there is a state in it; says whether it stays.
    pub fn tidy(self) -> Result<bool, FileError> {
        let stays = files::list(&self.path)?.iter().any(|name| is_state(name));
        if !stays {
            self.remove()?;
        }
        Ok(stays)
    }
}

/// A state that is past the first point to which a draw rewinds that came later. It does not depend
/// on what the owner says, but on which weights were saved.
fn past_a_point(run: &RunDir, job: &Job, steps_per_epoch: u64) -> Option<Conflict> {
    if job.rewind_points.is_empty() {
        return None;
    }
    let passed = |point: &&Duration, step| point.steps(steps_per_epoch) <= step;
    let names = |step: u64| {
        let passed = job.rewind_points.iter().filter(|point| passed(point, step));
        passed.map(|point| rewind_name(*point)).collect()
    };
    let (step, name) = missed_point(&run.checkpoint(&job.key), names)?;
    let point = job.rewind_points.iter().find(|point| rewind_name(**point) == name)?;
    let difference = Difference {
        path: "draw.rewind".to_owned(),
        was: format!("no weights of {point} kept up to step {step}"),
        now: point.to_string(),
        what: What::Key,
    };
    Some(Conflict { key: job.key.clone(), differences: vec![difference], is_unfinished: true })
}

fn is_state(name: &str) -> bool {
    !name.starts_with('.') && !name.starts_with("rewind-")
}

/// Whose state it is; `None` if that cannot be read.
fn owner_of(run: &RunDir, job: &Job) -> Result<Option<Owner>, FileError> {
    let found = files::read(&run.checkpoint(&job.key).join(OWNER))?;
    Ok(found.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}
