//! What a verification says.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::experiment::{JobKey, RunDir};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The job's folder, relative to the run; `None`: of the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Relative to the run.
    pub file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
    pub check: Check,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// Which check found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// `job.json` or the manifest was changed, or does not fit the other jobs.
    Record,
    /// A file is gone or has other bytes than were written.
    Checksum,
    /// A mask is none, or does not fit the mask that it was made from.
    Mask,
    /// A pruned weight is not +0.0.
    Pruned,
    /// Numbers of weights disagree.
    Count,
    /// A ticket's first weights cannot be what the config says.
    Start,
    /// A link does not lead to the job that it names.
    Link,
    /// A plugin file is not the one that its name says.
    Plugin,
    /// A result is not what the stored weights give.
    Result,
    /// A report says something else than the jobs.
    Report,
    /// `config.toml` was changed.
    Config,
}

impl Finding {
    /// About a file of the run as a whole.
    pub fn of_run(check: Check, file: &str, message: impl Into<String>) -> Self {
        let (file, message) = (file.to_owned(), message.into());
        Self { job: None, file, tensor: None, check, message }
    }

    /// About a file in a job's folder, named relative to it.
    pub fn of_job(check: Check, job: &JobKey, name: &str, message: impl Into<String>) -> Self {
        let file = match name.strip_prefix("../") {
            Some(beside) => format!("{}/{beside}", job.series()),
            None => format!("{}/{name}", job.path()),
        };
        Self { job: Some(job.path()), ..Self::of_run(check, &file, message) }
    }

    /// About that tensor of the file.
    pub fn in_tensor(self, tensor: &str) -> Self {
        Self { tensor: Some(tensor.to_owned()), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A job's file lies in its folder or beside it, so its path names the job.
        write!(f, "{}: ", self.file)?;
        if let Some(tensor) = &self.tensor {
            write!(f, "`{tensor}`: ")?;
        }
        f.write_str(&self.message)
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Verdict {
    pub run: PathBuf,
    /// Finished jobs; of them linked ones.
    pub jobs: usize,
    pub linked: usize,
    /// Files that were read, with their bytes and tensors.
    pub files: usize,
    pub bytes: u64,
    pub tensors: usize,
    /// States of jobs whose results were measured again.
    pub evaluated: usize,
    /// Jobs of before there were checksums.
    pub without_checksums: Vec<String>,
    /// What was not checked, and other things to know; nothing is wrong with them.
    pub notes: Vec<String>,
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Nothing looked at yet.
    pub fn new(run: &RunDir) -> Self {
        Self { run: run.path().to_owned(), ..Self::default() }
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, part: Self) {
        self.jobs += part.jobs;
        self.linked += part.linked;
        self.files += part.files;
        self.bytes += part.bytes;
        self.tensors += part.tensors;
        self.evaluated += part.evaluated;
        self.without_checksums.extend(part.without_checksums);
        self.notes.extend(part.notes);
        self.findings.extend(part.findings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_file_and_tensor() {
        let job: JobKey = "draw/imp/seed-1/level-02".parse().unwrap();
        let found = Finding::of_job(Check::Pruned, &job, "model.safetensors", "is −0.0");
        let text = found.in_tensor("conv1.weight").to_string();
        assert_eq!(text, "draw/imp/seed-1/level-02/model.safetensors: `conv1.weight`: is −0.0");
        let found = Finding::of_job(Check::Checksum, &job, "../init.safetensors", "is gone");
        assert_eq!(found.to_string(), "draw/imp/seed-1/init.safetensors: is gone");
        assert_eq!(found.job.as_deref(), Some("draw/imp/seed-1/level-02"));
    }
}
