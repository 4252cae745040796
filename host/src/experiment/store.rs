//! The finished jobs of a run directory, as this process knows them.

use std::collections::BTreeMap;

use super::error::ExperimentError;
use super::key::JobKey;
use super::record::{JobRecord, JobStatus};
use super::rundir::RunDir;

/// Finished jobs by key. A finished job stays finished: it is read once.
#[derive(Debug, Default)]
pub struct Store {
    records: BTreeMap<JobKey, JobRecord>,
}

impl Store {
    /// All finished jobs on disk.
    pub fn read(run: &RunDir) -> Result<Self, ExperimentError> {
        let records = run.records()?.into_iter().map(|record| (record.key.clone(), record));
        Ok(Self { records: records.collect() })
    }

    /// A finished job.
    pub fn get(&self, key: &JobKey) -> Option<&JobRecord> {
        self.records.get(key)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &JobRecord> {
        self.records.values()
    }

    /// A job of this identity that was itself trained.
    pub fn trained(&self, identity: &str) -> Option<&JobRecord> {
        self.all().find(|record| record.status == JobStatus::Done && record.identity == identity)
    }

    /// Adds a job that this process finished.
    pub fn add(&mut self, record: JobRecord) {
        self.records.insert(record.key.clone(), record);
    }

    /// Looks whether another process has finished `key`; the record, if it is news.
    pub fn refresh(
        &mut self,
        run: &RunDir,
        key: &JobKey,
    ) -> Result<Option<&JobRecord>, ExperimentError> {
        if self.records.contains_key(key) {
            return Ok(None);
        }
        let Some(record) = run.record(key)?.filter(JobRecord::is_whole) else { return Ok(None) };
        if let Some(target) = record.linked_to.clone() {
            self.refresh(run, &target)?;
            if self.get(&target).is_none_or(|target| target.status != JobStatus::Done) {
                return Ok(None);
            }
        }
        self.add(record);
        Ok(self.records.get(key))
    }
}
