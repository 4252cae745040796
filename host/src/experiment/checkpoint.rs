//! The folder in which a training that is not finished keeps its state.
//!
//! It says whose state it holds: a training of other settings must not go on from it.

use std::path::PathBuf;

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use super::jobs::Job;
use super::record::pretty;
use super::rundir::RunDir;

const OWNER: &str = ".job.json";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Owner {
    identity: String,
    /// A state past a point cannot save the weights of that point any more.
    rewind_points: Vec<Duration>,
}

/// The checkpoint folder of a job whose lease the caller holds.
#[derive(Debug)]
pub struct Checkpoint {
    pub path: PathBuf,
    /// Whether there is a state in it.
    pub has_state: bool,
}

impl Checkpoint {
    /// Makes the folder ready: what is there is kept if it is of the same identity.
    pub fn prepare(run: &RunDir, job: &Job, identity: &str) -> Result<Self, FileError> {
        let path = run.checkpoint(&job.key);
        let owner =
            Owner { identity: identity.to_owned(), rewind_points: job.rewind_points.clone() };
        let found = files::read(&path.join(OWNER))?;
        let found = found.and_then(|bytes| serde_json::from_slice::<Owner>(&bytes).ok());
        if found.as_ref() != Some(&owner) {
            files::remove(&path)?;
            files::write(&path.join(OWNER), &pretty(&owner))?;
        }
        let has_state = Self::has_state(run, job)?;
        Ok(Self { path, has_state })
    }

    /// Whether a job was begun and stopped.
    pub fn has_state(run: &RunDir, job: &Job) -> Result<bool, FileError> {
        Ok(files::list(&run.checkpoint(&job.key))?.iter().any(|name| !name.starts_with('.')))
    }

    /// Removes the folder.
    pub fn remove(self) -> Result<(), FileError> {
        files::remove(&self.path)
    }

    /// Removes the folder unless there is a state in it.
    pub fn tidy(self) -> Result<(), FileError> {
        let empty = files::list(&self.path)?.iter().all(|name| name.starts_with('.'));
        if empty { self.remove() } else { Ok(()) }
    }
}
