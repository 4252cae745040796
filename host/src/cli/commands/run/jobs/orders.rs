//! What a process tells the workers that it starts: a line of JSON on their stdin, then words.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::experiment::Failures;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    /// Of the worker, unless the config says how many.
    pub threads: usize,
    pub task: Task,
}

/// What a worker is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Jobs, until none is left.
    Work {
        /// When all has to be saved, in seconds since 1970.
        ends: Option<f64>,
        /// How often jobs had failed when the start began: by job's path.
        failures: Vec<(String, u64)>,
    },
    /// Steps of a training, as many as each further line says.
    Measure,
}

/// The line that asks a worker to stop and save.
pub const STOP: &str = "stop";

impl Task {
    /// To do jobs, until `limit` from now.
    pub fn work(limit: Option<Duration>, failures: &Failures) -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let ends = limit.and_then(|limit| since.checked_add(limit));
        let failures = failures.iter().map(|(job, count)| (job.path(), *count)).collect();
        Self::Work { ends: ends.map(|ends| ends.as_secs_f64()), failures }
    }

    /// The time that is left from now on.
    pub fn limit(&self) -> Option<Duration> {
        let Self::Work { ends: Some(ends), .. } = self else { return None };
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64();
        // Beyond what a clock can say there is no end.
        Duration::try_from_secs_f64((ends - now).max(0.0)).ok()
    }

    /// As a selection takes them.
    pub fn failures(&self) -> Failures {
        let Self::Work { failures, .. } = self else { return Failures::new() };
        let read = |(path, count): &(String, u64)| Some((path.parse().ok()?, *count));
        failures.iter().filter_map(read).collect()
    }
}

/// The arguments of a worker: those of this process, with the option behind the command. (At the
/// end, it might stand behind `--`.)
pub fn arguments(own: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = own.into_iter().skip(1).collect();
    let is_command = |argument: &OsString| ["run", "draw", "spend"].iter().any(|it| argument == it);
    let place = arguments.iter().position(is_command).map_or(0, |place| place + 1);
    arguments.insert(place, "--worker".into());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_stands_behind_the_command() {
        let of = |line: &str| {
            let found = arguments(line.split(' ').map(OsString::from));
            found.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("jackpot -q draw -- run"), "-q draw --worker -- run");
        assert_eq!(of("jackpot run run --jobs 2"), "run --worker run --jobs 2");
    }

    #[test]
    fn orders_come_over_as_they_were() {
        let job: crate::experiment::JobKey = "draw/imp/seed-1/level-02".parse().unwrap();
        let failures = Failures::from([(job, 3)]);
        let task = Task::work(Some(Duration::from_secs(100)), &failures);
        let line = serde_json::to_string(&Orders { threads: 2, task }).unwrap();
        let read: Orders = serde_json::from_str(&line).unwrap();
        assert_eq!((read.threads, read.task.failures()), (2, failures));
        let left = read.task.limit().unwrap();
        assert!(left <= Duration::from_secs(100) && left > Duration::from_secs(90), "{left:?}");
        assert_eq!(Task::work(None, &Failures::new()).limit(), None);
        assert_eq!(Task::work(Some(Duration::MAX), &Failures::new()).limit(), None);
    }
}
