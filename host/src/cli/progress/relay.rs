//! One display for all processes of a start: this one's events, and what the others tell.
//!
//! The end of another's training is heard of twice: from that process, which knows the results, and
//! from this one, which finds the files. It is shown once, with the results where they come at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::Display;
use super::heard::Heard;
use crate::experiment::{Event, JobKey, Observer};

/// Tells a display what all processes do.
pub struct Relay {
    display: Arc<dyn Display>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Jobs whose end was shown.
    ended: BTreeSet<JobKey>,
    /// What the workers train.
    under_way: BTreeMap<JobKey, usize>,
    /// Found to be finished before the worker has said so.
    found: BTreeSet<JobKey>,
}

impl Relay {
    /// Nothing was heard yet.
    pub fn new(display: Arc<dyn Display>) -> Self {
        Self { display, state: Mutex::default() }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in what the worker of that number says.
    pub fn hear(&self, worker: usize, heard: &Heard) {
        let Some((event, job)) = heard.event() else { return };
        let is_new = job.is_none_or(|job| self.with(|state| state.hear(worker, &event, job)));
        if is_new {
            self.display.event(&event);
        }
    }

    /// That worker's process has ended.
    pub fn ended(&self, worker: usize) {
        for (job, is_found) in self.with(|state| state.leave(worker)) {
            self.display.event(&match is_found {
                true => Event::Elsewhere { job: &job },
                false => Event::Stopped { job: Some(&job) },
            });
        }
    }
}

impl State {
    /// Whether a worker's event is to be shown.
    fn hear(&mut self, worker: usize, event: &Event<'_>, job: &JobKey) -> bool {
        match event {
            Event::Started { .. } => {
                self.under_way.insert(job.clone(), worker);
                true
            }
            Event::Progress { .. } => self.under_way.contains_key(job),
            Event::Stopped { .. } => self.under_way.remove(job).is_some(),
            _ => {
                self.under_way.remove(job);
                self.found.remove(job);
                self.ended.insert(job.clone())
            }
        }
    }

    /// What the worker leaves, and whether it is finished.
    fn leave(&mut self, worker: usize) -> Vec<(JobKey, bool)> {
        let of_worker = |(_, of): &(&JobKey, &usize)| **of == worker;
        let left = self.under_way.iter().filter(of_worker).map(|(job, _)| job.clone());
        let left: Vec<JobKey> = left.collect();
        let mut leave = |job: JobKey| {
            self.under_way.remove(&job);
            let is_found = self.found.remove(&job);
            if is_found {
                self.ended.insert(job.clone());
            }
            (job, is_found)
        };
        left.into_iter().map(&mut leave).collect()
    }
}

impl Observer for Relay {
    fn event(&self, event: &Event<'_>) {
        let is_new = |job: &JobKey| self.with(|state| state.ended.insert(job.clone()));
        let shown = match event {
            Event::Elsewhere { job } => self.with(|state| {
                if state.under_way.contains_key(*job) {
                    state.found.insert((*job).clone());
                    return false;
                }
                state.ended.insert((*job).clone())
            }),
            Event::Done { job, .. }
            | Event::Linked { job, .. }
            | Event::Failed { job, .. }
            | Event::Blocked { job, .. } => is_new(job),
            Event::Waiting { held } => {
                let of_others = self.with(|state| {
                    let is_ours = |job: &JobKey| state.under_way.contains_key(job);
                    held.iter().filter(|(job, _)| !is_ours(job)).cloned().collect::<Vec<_>>()
                });
                if !of_others.is_empty() {
                    self.display.event(&Event::Waiting { held: &of_others });
                }
                false
            }
            _ => true,
        };
        if shown {
            self.display.event(event);
        }
    }
}

impl Display for Relay {
    fn close(&self) {
        self.display.close();
    }

    fn freeze(&self) {
        self.display.freeze();
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{done, holder, job, progress};
    use super::*;

    /// The names of the events that were shown.
    #[derive(Default)]
    struct Shown(Mutex<Vec<String>>);

    impl Observer for Shown {
        fn event(&self, event: &Event<'_>) {
            let value = serde_json::to_value(event).unwrap();
            let held =
                value["held"].as_array().map_or(String::new(), |held| held.len().to_string());
            let level = value["job"]["level"].as_u64().map_or(held, |level| level.to_string());
            let name = value["event"].as_str().unwrap();
            self.0.lock().unwrap().push(format!("{name} {level}"));
        }
    }

    impl Display for Shown {}

    fn relay() -> (Arc<Shown>, Relay) {
        let shown = Arc::new(Shown::default());
        (Arc::clone(&shown), Relay::new(shown))
    }

    fn heard(event: &Event<'_>) -> Heard {
        Heard::read(&serde_json::to_string(event).unwrap()).unwrap()
    }

    fn started(job: &JobKey) -> Heard {
        heard(&Event::Started { job, number: 1, total: 9 })
    }

    #[test]
    fn an_end_is_shown_once_with_its_results() {
        let (shown, relay) = relay();
        let keys: Vec<JobKey> = (0..4).map(job).collect();
        // Level 0: the worker says it first; level 1: this process finds it first.
        relay.hear(0, &started(&keys[0]));
        relay.hear(0, &heard(&Event::Progress { job: &keys[0], progress: &progress(1, 2) }));
        relay.hear(0, &heard(&done(&keys[0], 1.0)));
        relay.event(&Event::Elsewhere { job: &keys[0] });
        relay.hear(0, &started(&keys[1]));
        relay.event(&Event::Elsewhere { job: &keys[1] });
        relay.hear(0, &heard(&done(&keys[1], 1.0)));
        // Level 2 is another start's, level 3 fails.
        relay.event(&Event::Elsewhere { job: &keys[2] });
        relay.hear(1, &started(&keys[3]));
        relay.event(&Event::Failed { job: &keys[3], error: "no" });
        relay.hear(1, &heard(&Event::Failed { job: &keys[3], error: "no" }));
        let expected = [
            "started 0",
            "progress 0",
            "done 0",
            "started 1",
            "done 1",
            "elsewhere 2",
            "started 3",
            "failed 3",
        ];
        assert_eq!(*shown.0.lock().unwrap(), expected);
    }

    #[test]
    fn a_worker_that_is_gone_leaves_nothing_under_way() {
        let (shown, relay) = relay();
        let keys: Vec<JobKey> = (0..3).map(job).collect();
        for (worker, key) in [0, 0, 1].into_iter().zip(&keys) {
            relay.hear(worker, &started(key));
        }
        relay.event(&Event::Elsewhere { job: &keys[1] });
        let held: Vec<_> = (0..4).map(|level| (job(level), holder())).collect();
        relay.event(&Event::Waiting { held: &held });
        relay.event(&Event::Waiting { held: &held[..3] });
        relay.ended(0);
        let expected = "started 0, started 1, started 2, waiting 1, stopped 0, elsewhere 1";
        assert_eq!(shown.0.lock().unwrap().join(", "), expected);
        assert_eq!(relay.with(|state| state.under_way.len()), 1);
    }
}
