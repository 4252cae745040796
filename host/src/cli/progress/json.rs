//! The run as JSON lines, one per event. docs/json.md describes them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::terminal::Terminal;
use super::Display;
use crate::experiment::{Event, JobKey, Observer};

/// When the steps of each training were last told.
type Told = BTreeMap<JobKey, Instant>;

/// Steps are told no more often.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints each event as it is; of the steps of each training, one a second.
pub struct Json {
    terminal: Terminal,
    /// On stdout, where they are the result; else on stderr.
    stdout: bool,
    last: Mutex<Told>,
}

impl Json {
    /// JSON lines on stderr.
    pub fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), stdout: false, last: Mutex::default() }
    }

    /// JSON lines on stdout.
    pub fn on_stdout(terminal: &Terminal) -> Self {
        Self { stdout: true, ..Self::new(terminal) }
    }
}

/// Whether an event is to be told now, and notes when steps were.
fn due(event: &Event<'_>, last: &mut Told, now: Instant) -> bool {
    let Event::Progress { job, .. } = event else {
        last.clear();
        return true;
    };
    let due = last.get(*job).is_none_or(|last| now - *last >= PAUSE);
    if due {
        last.insert((*job).clone(), now);
    }
    due
}

impl Observer for Json {
    fn event(&self, event: &Event<'_>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if due(event, &mut last, Instant::now())
            && let Ok(text) = serde_json::to_string(event)
        {
            match self.stdout {
                // If it cannot be written, neither can the last line, which is an error.
                true => _ = self.terminal.print(&format!("{text}\n")),
                false => self.terminal.line(&text),
            }
        }
    }
}

impl Display for Json {}

#[cfg(test)]
mod tests {
    use super::super::sample::{done, holder, job, progress};
    use super::*;

    #[test]
    fn steps_are_told_once_a_second_and_the_rest_always() {
        let (start, key, mut last) = (Instant::now(), job(1), Told::new());
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

    /// The row of an event in the page, by its name and its keys.
    fn row(event: &Event<'_>) -> String {
        let value = serde_json::to_value(event).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        let others = keys.into_iter().filter(|key| *key != "event").map(|key| format!("`{key}`"));
        let others = others.collect::<Vec<_>>().join(", ");
        format!("| `{}` | {others} |", value["event"].as_str().unwrap())
    }

    #[test]
    fn the_docs_have_every_event_with_its_keys() {
        const PAGE: &str = include_str!("../../../../docs/json.md");
        let (key, to, progress, held) = (job(1), job(2), progress(1, 2), [(job(1), holder())]);
        let all = [
            Event::Planned { total: 1, finished: 0 },
            Event::Started { job: &key, number: 1, total: 1 },
            Event::Progress { job: &key, progress: &progress },
            done(&key, 1.0),
            Event::Linked { job: &key, to: &to },
            Event::Elsewhere { job: &key },
            Event::Failed { job: &key, error: "" },
            Event::Blocked { job: &key, reason: "" },
            Event::Waiting { held: &held },
            Event::Stopped { job: Some(&key) },
            Event::Warning { message: "" },
        ];
        for event in &all {
            assert!(PAGE.contains(&row(event)), "{}", row(event));
        }
        let rows = PAGE.split("| `event` |").nth(1).unwrap().split("\n\n").next().unwrap();
        // The first and the last line of `--json` are no events of an experiment.
        assert_eq!(rows.matches("\n| `").count(), all.len() + 2);
        let value = serde_json::to_value(&progress).unwrap();
        for name in value.as_object().unwrap().keys() {
            assert!(PAGE.contains(&format!("`{name}`")), "{name}");
        }
    }
}
