//! A run keeps the plugin files that it used: `<run>/plugins/<sha256>.so`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::engine::{JobExecutor, Session};
use crate::experiment::{
    ExecuteError, Executor, ExperimentError, Facts, Inputs, Job, Observer, Outcome, RunDir, Stop,
};

/// Does jobs; before each it sees that the run has the plugin files, as they were when they were
/// loaded. So a run in which nothing may be done is left as it is.
pub struct Keeping<'a> {
    pub executor: JobExecutor<'a>,
    pub session: &'a Session,
    pub facts: &'a Facts,
    pub run: &'a RunDir,
}

impl Keeping<'_> {
    /// Mends the copies that finished jobs name, where the very file is at hand: also in a run in
    /// which nothing was left to do.
    ///
    /// # Errors
    /// A record that cannot be read; the disk.
    pub fn mend(&self) -> Result<(), ExperimentError> {
        let records = self.run.records()?;
        let used = records.iter().flat_map(|record| &record.plugins);
        let used: BTreeSet<&str> = used.map(|plugin| plugin.sha256.as_str()).collect();
        for file in self.session.registry.files() {
            if used.contains(file.sha256.as_str()) {
                self.run.keep_plugin(&file.sha256, file.bytes())?;
            }
        }
        Ok(())
    }
}

impl Executor for Keeping<'_> {
    fn execute(
        &self,
        job: &Job,
        inputs: &Inputs,
        into: &Path,
        observer: &dyn Observer,
        stop: &Stop,
    ) -> Result<Outcome, ExecuteError> {
        for file in self.session.registry.files() {
            if self.facts.all_plugins().any(|plugin| plugin.sha256 == file.sha256) {
                self.run.keep_plugin(&file.sha256, file.bytes())?;
            }
        }
        self.executor.execute(job, inputs, into, observer, stop)
    }
}
