//! The run in lines, for what is no terminal: one for each finished job, and now and then how far
//! each training is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::terminal::Terminal;
use super::Display;
use super::tally::Tally;
use super::text::{Message, report};
use crate::experiment::{Event, JobKey, Observer};

/// Trainings report no more often.
const PAUSE: Duration = Duration::from_secs(60);

/// Prints lines.
pub struct Lines {
    terminal: Terminal,
    state: Mutex<State>,
}

struct State {
    tally: Tally,
    /// When each training was last reported, or its steps first heard of.
    last: BTreeMap<JobKey, Instant>,
}

impl State {
    /// The lines for an event.
    fn hear(&mut self, event: &Event<'_>, now: Instant) -> Option<String> {
        self.tally.hear(event, now);
        if let Event::Progress { job, .. } = event {
            let training = self.tally.training(job)?;
            let last = self.last.entry((*job).clone()).or_insert(now);
            if now - *last < PAUSE {
                return None;
            }
            *last = now;
            return Some(report(training, training.seconds_left(now)));
        }
        let tally = &self.tally;
        self.last.retain(|job, _| tally.training(job).is_some());
        // Whoever reads a file or a log has lines of any length.
        Message::of(event, &self.tally).map(|message| message.render(usize::MAX, "..."))
    }
}

impl Lines {
    /// Lines on stderr.
    pub fn new(terminal: &Terminal, share: f64) -> Self {
        let state = State { tally: Tally::new(share), last: BTreeMap::new() };
        Self { terminal: terminal.clone(), state: Mutex::new(state) }
    }
}

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = state.hear(event, Instant::now()) {
            self.terminal.line(&text);
        }
    }
}

impl Display for Lines {}

#[cfg(test)]
mod tests {
    use super::super::sample::{done, job, progress};
    use super::*;

    #[test]
    fn a_training_reports_once_a_minute() {
        let start = Instant::now();
        let mut state = State { tally: Tally::new(1.0), last: BTreeMap::new() };
        let key = job(1);
        let at = |seconds| start + Duration::from_secs(seconds);
        state.hear(&Event::Started { job: &key, number: 1, total: 2 }, start);
        let mut lines = Vec::new();
        for second in 0..150 {
            let event = Event::Progress { job: &key, progress: &progress(second, 200) };
            lines.extend(state.hear(&event, at(second)));
        }
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].ends_with("2310 images/s, 2 min left"), "{lines:?}");
        let line = state.hear(&done(&key, 150.0), at(150)).unwrap();
        assert!(line.ends_with("level 01: 62.31 %, 3 min"), "{line}");
    }
}
