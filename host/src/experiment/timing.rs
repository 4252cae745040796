//! `timing.jsonl`: how long each job took, apart from everything that is reproducible; and from
//! that, how long the others will take.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use super::host;
use super::key::JobKey;
use super::rundir::RunDir;
use crate::median::median;

/// One line of `timing.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The job's path.
    pub job: String,
    /// From start to end, in this process.
    pub seconds: f64,
    /// The epochs of the training.
    pub epochs: u64,
    /// Whether an earlier process had done a part of it; `seconds` is then not all of it.
    #[serde(default)]
    pub resumed: bool,
    pub host: String,
    pub device: String,
    /// When it ended, in seconds since 1970.
    pub finished: u64,
}

impl Timing {
    /// A job that ended now, on this machine.
    pub fn now(key: &JobKey, seconds: f64, epochs: u64, resumed: bool, device: &str) -> Self {
        Self {
            job: key.path(),
            seconds,
            epochs,
            resumed,
            host: host::name(),
            device: device.to_owned(),
            finished: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs(),
        }
    }

    /// Appends the line in one write, so that processes do not mix theirs.
    pub fn append(&self, run: &RunDir) -> Result<(), FileError> {
        let path = run.path().join("timing.jsonl");
        let line = serde_json::to_string(self).unwrap_or_default() + "\n";
        let mut file = OpenOptions::new();
        let written = file.append(true).create(true).open(&path);
        let written = written.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|source| FileError::new("write", &path, source))
    }
}

/// The times of a run so far.
#[derive(Debug, Default)]
pub struct Timings(Vec<(JobKey, Timing)>);

impl Timings {
    /// Reads them; a torn line is no reason to stop.
    pub fn read(run: &RunDir) -> Result<Self, FileError> {
        let bytes = files::read(&run.path().join("timing.jsonl"))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.lines().filter_map(|line| serde_json::from_str::<Timing>(line).ok());
        let named = whole.filter(|timing| !timing.resumed && timing.seconds.is_finite());
        Ok(Self(named.filter_map(|timing| Some((timing.job.parse().ok()?, timing))).collect()))
    }

    /// The seconds that a job of `epochs` will take: by the median epoch of its own recipe (or
    /// of the draws), else of all jobs; `None` before the first is finished.
    pub fn estimate(&self, key: &JobKey, epochs: u64) -> Option<f64> {
        let epoch_of = |like: &dyn Fn(&JobKey) -> bool| {
            let times = self.0.iter().filter(|(other, _)| like(other));
            median(times.map(|(_, timing)| timing.seconds / timing.epochs.max(1) as f64))
        };
        let like = |other: &JobKey| other.recipe() == key.recipe();
        let epoch = epoch_of(&like).or_else(|| epoch_of(&|_| true))?;
        Some(epoch * epochs.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_jobs_count_and_torn_lines_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        let key = |path: &str| path.parse::<JobKey>().unwrap();
        let (draw, all) = (key("draw/imp/seed-1/level-00"), key("spend/all/imp/seed-1/level-01"));
        assert_eq!(Timings::read(&run).unwrap().estimate(&draw, 1), None);
        Timing::now(&draw, 10.0, 5, false, "cpu").append(&run).unwrap();
        Timing::now(&draw, 0.1, 5, true, "cpu").append(&run).unwrap();
        let timings = Timings::read(&run).unwrap();
        assert_eq!(timings.estimate(&all, 7), Some(14.0), "all jobs, if none is alike");
        Timing::now(&all, 30.0, 10, false, "cpu").append(&run).unwrap();
        let path = folder.path().join("timing.jsonl");
        let torn = [std::fs::read(&path).unwrap(), b"{\"job\": \"dr".to_vec()].concat();
        std::fs::write(&path, torn).unwrap();
        let timings = Timings::read(&run).unwrap();
        assert_eq!(timings.estimate(&all, 7), Some(21.0));
        assert_eq!(timings.estimate(&key("draw/imp/seed-2/level-01"), 5), Some(10.0));
    }
}
