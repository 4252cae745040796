//! Events in words.

use super::super::words::{cut_middle, duration, left, len, plural, wrap};
use super::tally::{Tally, Training};
use crate::experiment::{Event, JobKey};

/// One event for people: what it is about, and what about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub tone: Tone,
    title: String,
    body: String,
}

/// How a message is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Warning,
    Bad,
}

impl Tone {
    /// Its ANSI style.
    pub fn style(self) -> &'static str {
        match self {
            Self::Plain => "2",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
        }
    }
}

/// At most this many jobs in other hands are named.
const NAMED: usize = 3;

impl Message {
    /// What to print of an event, if anything; `tally` has taken it in.
    pub fn of(event: &Event<'_>, tally: &Tally) -> Option<Self> {
        let about = |tone, job: &JobKey, body: String| {
            let total = tally.total.to_string();
            let number = format!("[{:>width$}/{total}]", tally.settled, width = total.len());
            Some(Self { tone, title: format!("{number} {job}"), body })
        };
        let whole = |tone, text: String| Some(Self { tone, title: String::new(), body: text });
        match event {
            Event::Planned { total, finished } if total == finished => {
                whole(Tone::Plain, format!("{}, all done", plural(*total, "job")))
            }
            Event::Planned { total, finished: 0 } => {
                whole(Tone::Plain, format!("{} to do", plural(*total, "job")))
            }
            Event::Planned { total, finished } => {
                let to_do = total.saturating_sub(*finished);
                let jobs = plural(*total, "job");
                whole(Tone::Plain, format!("{jobs}: {finished} done before, {to_do} to do"))
            }
            Event::Done { job, results, seconds } => {
                let accuracy = percent(results.test_accuracy);
                about(Tone::Good, job, format!("{accuracy}, {}", duration(*seconds)))
            }
            Event::Linked { job, to } => {
                about(Tone::Plain, job, format!("the same training as {to}"))
            }
            Event::Elsewhere { job } => {
                about(Tone::Plain, job, "done by another process".to_owned())
            }
            Event::Failed { job, error } => about(Tone::Bad, job, format!("failed: {error}")),
            Event::Blocked { job, reason } => about(Tone::Bad, job, format!("blocked: {reason}")),
            Event::Warning { message } => whole(Tone::Warning, format!("warning: {message}")),
            Event::Waiting { held } => {
                let named = held.iter().take(NAMED).map(|(job, by)| format!("{job} ({by})"));
                let mut text = named.collect::<Vec<_>>().join(", ");
                if held.len() > NAMED {
                    text.push_str(&format!(" and {} more", held.len() - NAMED));
                }
                whole(Tone::Plain, format!("waiting for {text}"))
            }
            Event::Started { .. } | Event::Progress { .. } | Event::Stopped { .. } => None,
        }
    }

    /// In lines of at most `width` characters (a longer word stays whole); `mark` stands for
    /// what is cut out of a job's name.
    pub fn render(&self, width: usize, mark: &str) -> String {
        if self.title.is_empty() {
            return wrap(&self.body, 0, width);
        }
        let line = format!("{}: {}", self.title, self.body);
        if len(&line) <= width && !line.contains('\n') {
            return line;
        }
        let title = cut_middle(&self.title, width.saturating_sub(1), mark);
        format!("{title}:\n{}", wrap(&self.body, 2, width))
    }
}

/// `62.31 %`.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// What is known of a training under way, the most important first, each with its place in a
/// line of all.
pub fn details(training: &Training) -> Vec<(usize, String)> {
    let Some(progress) = &training.progress else { return vec![(0, "starting".to_owned())] };
    let batch = training.batch().map(|(batch, all)| (1, format!("batch {batch}/{all}")));
    let accuracy = progress.accuracy.map(|share| (3, format!("val {}", percent(share))));
    let mut parts = vec![
        (0, format!("epoch {}/{}", progress.epoch, progress.epochs)),
        (2, format!("loss {:.3}", progress.loss)),
    ];
    parts.extend(accuracy);
    parts.push((4, format!("{:.0} images/s", progress.images_per_second)));
    parts.extend(batch);
    parts
}

/// How far a training is, in one line.
pub fn report(training: &Training, seconds_left: Option<f64>) -> String {
    let mut parts = details(training);
    parts.retain(|(place, _)| *place != 1);
    parts.sort_by_key(|(place, _)| *place);
    let mut texts: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    texts.extend(seconds_left.map(|seconds| format!("{} left", left(seconds))));
    format!("{}: {}", training.job, texts.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::sample::{done, holder, job, progress};
    use super::*;

    fn told(event: &Event<'_>, width: usize) -> String {
        let mut tally = Tally::new(1.0);
        tally.hear(&Event::Planned { total: 18, finished: 4 }, Instant::now());
        tally.hear(event, Instant::now());
        Message::of(event, &tally).map(|message| message.render(width, "…")).unwrap_or_default()
    }

    #[test]
    fn a_line_for_each_end_of_a_job() {
        let key = job(3);
        assert_eq!(
            told(&done(&key, 41.2), 80),
            "[ 5/18] spend all on imp seed 42 level 03: 62.31 %, 41 s"
        );
        assert_eq!(
            told(&Event::Linked { job: &key, to: &job(2) }, 120),
            "[ 5/18] spend all on imp seed 42 level 03: the same training as \
             spend all on imp seed 42 level 02"
        );
        assert_eq!(
            told(&Event::Failed { job: &key, error: "disk\nfull" }, 80),
            "[ 5/18] spend all on imp seed 42 level 03:\n  failed: disk full"
        );
        assert_eq!(told(&Event::Started { job: &key, number: 1, total: 2 }, 80), "");
        assert_eq!(
            told(&Event::Planned { total: 2, finished: 1 }, 80),
            "2 jobs: 1 done before, 1 to do"
        );
        assert_eq!(told(&Event::Planned { total: 1, finished: 1 }, 80), "1 job, all done");
        assert_eq!(told(&Event::Planned { total: 2, finished: 0 }, 80), "2 jobs to do");
        assert_eq!(told(&Event::Warning { message: "careful" }, 80), "warning: careful");
    }

    #[test]
    fn narrow_lines_do_not_wrap() {
        let key = job(3);
        let text = told(&done(&key, 41.2), 40);
        assert_eq!(text, "[ 5/18] spend all o…mp seed 42 level 03:\n  62.31 %, 41 s");
        let held: Vec<_> = (0..5).map(|level| (job(level), holder())).collect();
        let text = told(&Event::Waiting { held: &held }, 40);
        assert!(text.ends_with("and 2 more"), "{text}");
        assert!(text.lines().all(|line| len(line) <= 40), "{text}");
    }

    #[test]
    fn a_training_in_one_line() {
        let mut tally = Tally::new(1.0);
        let (key, now) = (job(1), Instant::now());
        tally.hear(&Event::Started { job: &key, number: 1, total: 1 }, now);
        let training = tally.current[0].clone();
        assert_eq!(report(&training, None), "spend all on imp seed 42 level 01: starting");
        tally.hear(&Event::Progress { job: &key, progress: &progress(50, 400) }, now);
        assert_eq!(
            report(&tally.current[0], Some(40.0)),
            "spend all on imp seed 42 level 01: epoch 2/10, loss 1.234, val 45.20 %, \
             2310 images/s, 40 s left"
        );
    }
}
