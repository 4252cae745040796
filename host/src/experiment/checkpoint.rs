//! The folder in which a training that is not finished keeps its state.
//!
//! It says whose state it holds: a training of other settings must not go on from it, and hours
//! of work must not vanish because a setting was changed. So such a state is a conflict.

use std::path::PathBuf;

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conflict::{Conflict, Conflicts};
use super::error::ExperimentError;
use super::files::{self, FileError};
use super::identity::Identity;
use super::jobs::Job;
use super::record::pretty;
use super::rundir::RunDir;

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

/// The checkpoint folder of a job whose lease the caller holds.
#[derive(Debug)]
pub struct Checkpoint {
    pub path: PathBuf,
    /// Whether there is a state in it.
    pub has_state: bool,
    /// Whether the training has to save weights at points of which those who made the state knew
    /// nothing. It can, unless the state is past one of them: whoever reads the state sees that.
    pub has_new_points: bool,
    /// The seed with which the state was begun, if that is not the job's own.
    pub seed: Option<u64>,
    /// What to tell of a state that was removed.
    pub note: Option<String>,
}

impl Checkpoint {
    /// Makes the folder ready. What is there is kept if it is of the same identity. A state that
    /// another file of a plugin made is removed with `accept_plugins`.
    ///
    /// # Errors
    /// A state of other settings; the disk.
    pub fn prepare(
        run: &RunDir,
        job: &Job,
        identity: &Identity,
        accept_plugins: bool,
    ) -> Result<Self, ExperimentError> {
        let path = run.checkpoint(&job.key);
        let mut note = None;
        if let Some(conflict) = Self::conflict(run, job, identity)? {
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
            identity: identity.hash.clone(),
            description: identity.description.clone(),
            rewind_points: job.rewind_points.clone(),
            seed: before.as_ref().and_then(|old| old.seed),
        };
        let known = |point| before.as_ref().is_some_and(|old| old.rewind_points.contains(point));
        let has_new_points = has_state && !job.rewind_points.iter().all(known);
        if before.as_ref() != Some(&owner) {
            files::write(&path.join(OWNER), &pretty(&owner))?;
        }
        Ok(Self { path, has_state, has_new_points, seed: owner.seed, note })
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

    /// The state of a job that was begun with other settings.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn conflict(
        run: &RunDir,
        job: &Job,
        now: &Identity,
    ) -> Result<Option<Conflict>, FileError> {
        if !Self::has_state(run, job)? {
            return Ok(None);
        }
        Ok(match owner_of(run, job)? {
            Some(owner) => Conflict::of_state(&job.key, &owner.identity, &owner.description, now),
            None => Conflict::of_state(&job.key, "unknown", &Value::Null, now),
        })
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

fn is_state(name: &str) -> bool {
    !name.starts_with('.') && !name.starts_with("rewind-")
}

/// Whose state it is; `None` if that cannot be read.
fn owner_of(run: &RunDir, job: &Job) -> Result<Option<Owner>, FileError> {
    let found = files::read(&run.checkpoint(&job.key).join(OWNER))?;
    Ok(found.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}
