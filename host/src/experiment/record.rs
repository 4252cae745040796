//! `job.json`: what one finished job was and what came of it.

use std::collections::BTreeMap;
use std::path::Path;

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::ExperimentError;
use super::files;
use super::key::JobKey;
use super::seal::sealed;
use super::sums::Sums;
use crate::train::Results;

/// The format that this host writes.
const FORMAT: u32 = 1;

/// A finished or failed job. Holds no wall-clock times, so that a repeated run gives the same
/// bytes; those are in `timing.jsonl`.
///
/// `job.json` exists only for a whole result. A failure is written to `level-KK.failed.json`
/// beside the job's folder and goes when the job succeeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The format of this file: 1.
    pub format: u32,
    pub key: JobKey,
    pub status: JobStatus,
    /// The hash of `description`.
    pub identity: String,
    /// All that influences the result.
    pub description: Value,
    /// Of a done or linked job. A loss that is not finite is written as null.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "read_results")]
    pub results: Option<Results>,
    /// Of a failed job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often a failed job was tried in vain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u64,
    /// The seeds with which its training diverged, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diverged: Vec<u64>,
    /// The seed of the training, where it is not the job's own since with that one it diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_seed: Option<u64>,
    /// The job whose training this one shares, and whose folder has the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_to: Option<JobKey>,
    /// Level 0 of a draw: the point of the dense training that `rewind.safetensors` in the
    /// folder above holds; none if that draw rewinds to its initialisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewind: Option<Duration>,
    /// The identities of the jobs whose files it read, by their folders.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// The plugin files it used.
    #[serde(default)]
    pub plugins: Vec<PluginUse>,
    /// Checksums of its files. A linked job has those of its own files alone, which are the
    /// weights beside a draw's levels; no job of before there were checksums has any.
    #[serde(default, skip_serializing_if = "Sums::is_empty")]
    pub files: Sums,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A training that diverged has a loss of NaN, for which JSON has only null.
fn read_results<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Results>, D::Error> {
    let Some(mut value) = Option::<Value>::deserialize(from)? else { return Ok(None) };
    let diverged = value.get("test_loss").is_some_and(Value::is_null);
    if diverged {
        value["test_loss"] = Value::from(0.0);
    }
    let mut results: Results = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
    if diverged {
        results.test_loss = f64::NAN;
    }
    Ok(Some(results))
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// Trained; its folder has all files.
    Done,
    /// Another job was the same training; its folder has the files.
    Linked,
    /// Tried in vain; is tried again by the next run.
    Failed,
}

/// A plugin item that a job used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PluginUse {
    pub kind: String,
    pub name: String,
    /// The version of the plugin's crate.
    pub version: String,
    /// SHA-256 of the plugin's file.
    pub sha256: String,
}

impl JobRecord {
    /// Its file in a job's folder.
    pub const FILE: &str = "job.json";

    /// A record without results, links and inputs.
    pub fn new(key: JobKey, status: JobStatus, identity: &super::Identity) -> Self {
        Self {
            format: FORMAT,
            key,
            status,
            identity: identity.hash.clone(),
            description: identity.description.clone(),
            results: None,
            error: None,
            attempts: 0,
            diverged: Vec::new(),
            trained_seed: None,
            linked_to: None,
            rewind: None,
            inputs: BTreeMap::new(),
            plugins: identity.plugins.clone(),
            files: Sums::new(),
        }
    }

    /// Reads a record; `None` if there is none.
    ///
    /// # Errors
    /// Unreadable, no record, or of a newer format.
    pub fn read(path: &Path) -> Result<Option<Self>, ExperimentError> {
        let Some(bytes) = files::read(path)? else { return Ok(None) };
        let damaged = |reason: String| ExperimentError::Damaged { path: path.to_owned(), reason };
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match value.get("format").and_then(Value::as_u64) {
            Some(format) if format > u64::from(FORMAT) => {
                return Err(ExperimentError::NotARun {
                    path: path.to_owned(),
                    reason: format!("its format is {format}; this jackpot reads up to {FORMAT}"),
                });
            }
            _ => {}
        }
        serde_json::from_value(value).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// The bytes of its file, which ends with a [seal](super::seal).
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        sealed(self)
    }

    /// Whether it has results.
    pub fn is_whole(&self) -> bool {
        self.status != JobStatus::Failed && self.results.is_some()
    }
}

/// Indented JSON with a final newline.
pub(super) fn pretty(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys that are no strings cannot be written, and no file here has them.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
