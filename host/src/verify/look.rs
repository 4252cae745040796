//! What the checks look at: a run, its config, and what its jobs say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::finding::{Check, Finding, Verdict};
use super::stored::Stored;
use crate::config::{self, Config, Overrides};
use crate::digest::sha256;
use crate::experiment::{ExperimentError, JobKey, JobRecord, Manifest, RunDir, Work, jobs};

/// A run that is looked at.
pub struct Look<'a> {
    pub run: &'a RunDir,
    /// `None` if `config.toml` cannot be read.
    pub config: Option<Config>,
    /// The jobs that the config asks for.
    asked: BTreeSet<JobKey>,
    pub manifest: Manifest,
    /// Every finished job whose record can be read.
    pub records: BTreeMap<JobKey, JobRecord>,
}

impl<'a> Look<'a> {
    /// Reads the records; what cannot be read is a finding.
    pub fn read(run: &'a RunDir, verdict: &mut Verdict) -> Result<Self, ExperimentError> {
        let mut records = BTreeMap::new();
        for key in run.job_folders()? {
            let wrong =
                |message: String| Finding::of_job(Check::Record, &key, JobRecord::FILE, message);
            match run.record(&key) {
                Ok(Some(record)) if record.key != key => {
                    verdict.findings.push(wrong(format!("says that it is {}", record.key)));
                }
                Ok(Some(record)) if record.is_whole() => {
                    records.insert(key, record);
                }
                Ok(Some(_)) => verdict.findings.push(wrong("holds no results".to_owned())),
                Ok(None) => verdict.findings.push(wrong("is gone".to_owned())),
                Err(error) => verdict.findings.push(wrong(reason(error))),
            }
        }
        // Without the plugins: a run can be looked at where they are not.
        let config = match config::load(&run.config(), &Overrides::default()) {
            Ok(loaded) => Some(loaded.unchecked().clone()),
            Err(error) => {
                let message = format!("cannot be read: {error}");
                verdict.findings.push(Finding::of_run(Check::Config, "config.toml", message));
                None
            }
        };
        let asked = config.as_ref().map(jobs).transpose().unwrap_or_else(|error| {
            let message = format!("has no list of jobs: {error}");
            verdict.findings.push(Finding::of_run(Check::Config, "config.toml", message));
            None
        });
        let asked = asked.into_iter().flatten().map(|job| job.key).collect();
        let manifest = Manifest::read(run).unwrap_or_else(|error| {
            let message = reason(error);
            verdict.findings.push(Finding::of_run(Check::Record, "manifest.json", message));
            Manifest::default()
        });
        Ok(Self { run, config, asked, manifest, records })
    }

    /// The tensors of another job's file, unless it is damaged: that is found where it belongs.
    /// `../init.safetensors` is the file beside the levels of that very draw.
    pub fn stored(&self, key: &JobKey, name: &str) -> Option<Stored> {
        let own = self.records.get(key)?;
        let record = match (&own.linked_to, name.starts_with("../")) {
            (Some(target), false) => self.records.get(target)?,
            _ => own,
        };
        let bytes = fs::read(self.run.folder(&record.key).join(name)).ok()?;
        let sum = record.files.get(name);
        match sum.is_none_or(|sum| sum.sha256 == sha256(&bytes)) {
            true => Stored::parse(bytes).ok(),
            false => None,
        }
    }

    /// What a job has to do, if the config still asks for it: a level or seed that was taken out
    /// of the config may have been made by other settings of the same draw.
    pub fn work(&self, key: &JobKey) -> Option<Work<'_>> {
        let config = self.config.as_ref().filter(|_| self.asked.contains(key))?;
        Work::of(config, key)
    }
}

/// An error without the path, which a finding has.
fn reason(error: ExperimentError) -> String {
    match error {
        ExperimentError::Damaged { reason, .. } | ExperimentError::NotARun { reason, .. } => {
            format!("is damaged: {reason}")
        }
        other => other.to_string(),
    }
}
