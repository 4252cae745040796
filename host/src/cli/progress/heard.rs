//! Events that another process of this start wrote as JSON lines, read back.

use serde::Deserialize;

use crate::experiment::{Event, JobKey, Progress};
use crate::train::Results;

/// What is of interest of a worker's events: the rest this process sees by itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Heard {
    Planned,
    Started {
        job: JobKey,
        number: usize,
        total: usize,
    },
    Progress {
        job: JobKey,
        progress: Progress,
    },
    Done {
        job: JobKey,
        results: Results,
        seconds: f64,
    },
    Linked {
        job: JobKey,
        to: JobKey,
    },
    Failed {
        job: JobKey,
        error: String,
    },
    Stopped {
        job: Option<JobKey>,
    },
    Warning {
        message: String,
    },
    #[serde(other)]
    Other,
}

impl Heard {
    /// Reads a line; `None` if it is none of an event's.
    pub fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// As an event of this process, and the job that it is about.
    pub fn event(&self) -> Option<(Event<'_>, Option<&JobKey>)> {
        Some(match self {
            Self::Planned | Self::Other | Self::Stopped { job: None } => return None,
            Self::Started { job, number, total } => {
                (Event::Started { job, number: *number, total: *total }, Some(job))
            }
            Self::Progress { job, progress } => (Event::Progress { job, progress }, Some(job)),
            Self::Done { job, results, seconds } => {
                (Event::Done { job, results, seconds: *seconds }, Some(job))
            }
            Self::Linked { job, to } => (Event::Linked { job, to }, Some(job)),
            Self::Failed { job, error } => (Event::Failed { job, error }, Some(job)),
            Self::Stopped { job: Some(job) } => (Event::Stopped { job: Some(job) }, Some(job)),
            Self::Warning { message } => (Event::Warning { message }, None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{done, job, progress};
    use super::*;

    #[test]
    fn events_come_back_as_they_were() {
        let (key, to, progress) = (job(1), job(2), progress(1, 2));
        let all = [
            Event::Started { job: &key, number: 1, total: 3 },
            Event::Progress { job: &key, progress: &progress },
            done(&key, 1.5),
            Event::Linked { job: &key, to: &to },
            Event::Failed { job: &key, error: "no \"luck\"" },
            Event::Stopped { job: Some(&key) },
            Event::Warning { message: "careful" },
        ];
        for event in &all {
            let line = serde_json::to_string(event).unwrap();
            let heard = Heard::read(&line).unwrap();
            let (again, about) = heard.event().unwrap();
            assert_eq!(serde_json::to_string(&again).unwrap(), line);
            assert_eq!(about.is_some(), !matches!(event, Event::Warning { .. }), "{line}");
        }
        let others = [Event::Planned { total: 3, finished: 1 }, Event::Waiting { held: &[] }];
        let others = others.map(|event| serde_json::to_string(&event).unwrap());
        assert_eq!(
            others.map(|line| Heard::read(&line)),
            [Some(Heard::Planned), Some(Heard::Other)]
        );
        assert_eq!(Heard::read("error: no event"), None);
    }
}
