//! The run directory: where everything of an experiment lies.
//!
//! ```text
//! runs/<name>/
//!   config.toml  config-0001.toml …       the resolved config; older ones, oldest first
//!   manifest.json  timing.jsonl
//!   plugins/<sha256>.so                   the plugin files in use
//!   locks/                                one file per job that is being done
//!   draw/<name>/seed-<s>/                 init.safetensors  rewind.safetensors
//!   draw/<name>/seed-<s>/level-<kk>/      job.json and what the training wrote
//!   spend/<recipe>/<draw>/seed-<s>/level-<kk>/
//! ```
//!
//! Beside a job's folder there may be `level-<kk>.failed.json`, `.level-<kk>.checkpoint/` of a
//! training that was stopped, and `.level-<kk>.tmp-…` of one that is under way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::ExperimentError;
use super::files::{self, FileError};
use super::key::JobKey;
use super::record::{JobRecord, JobStatus};

/// What may stand in a run directory before its config does: another process may just be
/// creating it, or its plugins were copied first.
const EARLY: [&str; 6] = ["locks", "plugins", "draw", "spend", "manifest.json", "timing.jsonl"];

/// A run directory on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Opens an existing run directory.
    ///
    /// # Errors
    /// It has no `config.toml`, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, ExperimentError> {
        if files::read(&path.join("config.toml"))?.is_none() {
            let reason = match path.is_dir() {
                true => "it has no config.toml",
                false => "there is no such folder",
            };
            return Err(ExperimentError::NotARun { path: path.into(), reason: reason.to_owned() });
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Opens a run directory, or makes a new one.
    ///
    /// # Errors
    /// It has files, but none of a run; or it cannot be created.
    pub fn create(path: &Path) -> Result<Self, ExperimentError> {
        files::create_folder(path)?;
        let names = files::list(path)?;
        let foreign =
            names.iter().find(|name| !name.starts_with('.') && !EARLY.contains(&name.as_str()));
        match foreign {
            Some(name) if !names.iter().any(|name| name == "config.toml") => {
                let reason = format!("it has `{name}`, but no config.toml; choose an empty folder");
                Err(ExperimentError::NotARun { path: path.into(), reason })
            }
            _ => Ok(Self { path: path.to_owned() }),
        }
    }

    /// Opens a run directory if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(path: &Path) -> Result<Option<Self>, ExperimentError> {
        match Self::open(path) {
            Err(ExperimentError::NotARun { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The resolved config of the latest start.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// A job's own folder. Of a linked job use [`RunDir::files`].
    pub fn folder(&self, key: &JobKey) -> PathBuf {
        self.path.join(key.path())
    }

    /// Where the files of a finished job really are: its own folder, or that of the job it is
    /// linked to.
    pub fn files(&self, record: &JobRecord) -> PathBuf {
        self.folder(record.linked_to.as_ref().unwrap_or(&record.key))
    }

    /// The dense network's initial weights of a draw and seed.
    pub fn init(&self, draw: &str, seed: u64) -> PathBuf {
        self.draw_file(draw, seed, "init.safetensors")
    }

    /// The weights that a draw's tickets rewind to, if not to the initial ones.
    pub fn rewind(&self, draw: &str, seed: u64) -> PathBuf {
        self.draw_file(draw, seed, "rewind.safetensors")
    }

    fn draw_file(&self, draw: &str, seed: u64, name: &str) -> PathBuf {
        let key = JobKey::Draw { draw: draw.to_owned(), seed, level: 0 };
        self.path.join(key.series()).join(name)
    }

    /// A job's `job.json`; `None` while it is not finished.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn record(&self, key: &JobKey) -> Result<Option<JobRecord>, ExperimentError> {
        JobRecord::read(&self.folder(key).join(JobRecord::FILE))
    }

    /// What the last attempt at a job failed with; `None` if it did not fail.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn failure(&self, key: &JobKey) -> Result<Option<JobRecord>, ExperimentError> {
        JobRecord::read(&self.failure_path(key))
    }

    pub(super) fn failure_path(&self, key: &JobKey) -> PathBuf {
        self.path.join(key.series()).join(format!("{}.failed.json", key.folder_name()))
    }

    pub(super) fn checkpoint(&self, key: &JobKey) -> PathBuf {
        self.path.join(Self::checkpoint_path(key))
    }

    /// The checkpoint's folder relative to the run directory.
    pub(super) fn checkpoint_path(key: &JobKey) -> String {
        format!("{}/.{}.checkpoint", key.series(), key.folder_name())
    }

    /// All finished jobs, whether or not a config still names them, sorted by key. A link whose
    /// target is gone is none.
    ///
    /// # Errors
    /// A `job.json` cannot be read.
    pub fn records(&self) -> Result<Vec<JobRecord>, ExperimentError> {
        let mut found = BTreeMap::new();
        for key in self.job_folders()? {
            if let Some(record) = self.record(&key)?.filter(JobRecord::is_whole) {
                found.insert(key, record);
            }
        }
        let whole = |record: &JobRecord| match &record.linked_to {
            Some(target) => {
                found.get(target).is_some_and(|target| target.status == JobStatus::Done)
            }
            None => true,
        };
        Ok(found.values().filter(|record| whole(record)).cloned().collect())
    }

    /// The folders of jobs, whatever is in them.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn job_folders(&self) -> Result<Vec<JobKey>, FileError> {
        let mut keys = Vec::new();
        for (root, depth) in [("draw", 3), ("spend", 4)] {
            let mut level = vec![root.to_owned()];
            for _ in 0..depth {
                let mut below = Vec::new();
                for folder in level {
                    let names = files::list(&self.path.join(&folder))?;
                    below.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
                }
                level = below;
            }
            keys.extend(level.iter().filter_map(|path| path.parse::<JobKey>().ok()));
        }
        Ok(keys)
    }
}
