//! The run as JSON lines, one per event.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::terminal::Terminal;
use super::Display;
use crate::experiment::{Event, Observer};

/// Steps are told no more often.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints each event as it is; of the steps of a training, one a second.
pub struct Json {
    terminal: Terminal,
    last: Mutex<Option<Instant>>,
}

impl Json {
    /// JSON lines on stderr.
    pub fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), last: Mutex::new(None) }
    }
}

/// Whether an event is to be told now, and notes when steps were.
fn due(event: &Event<'_>, last: &mut Option<Instant>, now: Instant) -> bool {
    match event {
        Event::Progress { .. } => {
            let due = last.is_none_or(|last| now - last >= PAUSE);
            *last = if due { Some(now) } else { *last };
            due
        }
        _ => {
            *last = None;
            true
        }
    }
}

impl Observer for Json {
    fn event(&self, event: &Event<'_>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if due(event, &mut last, Instant::now())
            && let Ok(text) = serde_json::to_string(event)
        {
            self.terminal.line(&text);
        }
    }
}

impl Display for Json {}

#[cfg(test)]
mod tests {
    use super::super::sample::{done, job, progress};
    use super::*;

    #[test]
    fn steps_are_told_once_a_second_and_the_rest_always() {
        let (start, key, mut last) = (Instant::now(), job(1), None);
        let progress = progress(1, 2);
        let step = Event::Progress { job: &key, progress: &progress };
        let at = |millis| start + Duration::from_millis(millis);
        let told = [0, 400, 999, 1000, 1500].map(|millis| due(&step, &mut last, at(millis)));
        assert_eq!(told, [true, false, false, true, false]);
        assert!(due(&done(&key, 1.0), &mut last, at(1501)));
        assert!(due(&step, &mut last, at(1502)), "another training begins");
    }

    #[test]
    fn an_event_is_one_object() {
        let key = job(1);
        let text = serde_json::to_string(&done(&key, 1.5)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["event"], "done");
        assert_eq!((&value["job"]["level"], &value["seconds"]), (&1.into(), &1.5.into()));
    }
}
