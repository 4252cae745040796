//! How far a run is, counted from its events.

use std::time::{Duration, Instant};

use crate::experiment::{Event, JobKey, Progress};
use crate::median::median;

/// The jobs of a run, and the trainings under way.
#[derive(Debug, Clone)]
pub struct Tally {
    pub total: usize,
    /// Off the list: finished before or now, failed, or blocked.
    pub settled: usize,
    /// In the order in which they began: one for each process of this start.
    pub current: Vec<Training>,
    /// How many jobs other processes have in hand, while this one waits for them.
    pub waiting: usize,
    /// The share of unfinished jobs that need a training.
    share: f64,
    /// Trainings that were expected at the start.
    expected: f64,
    /// Trainings done here, and how long they took together.
    trained: usize,
    seconds: f64,
}

/// The training under way.
#[derive(Debug, Clone)]
pub struct Training {
    pub job: JobKey,
    pub progress: Option<Progress>,
    begun: Instant,
    /// When steps were first heard of, and how many there were: a resumed training does not
    /// begin at 0.
    origin: Option<(Instant, u64)>,
}

impl Tally {
    /// Before anything was heard.
    pub fn new(share: f64) -> Self {
        Self {
            total: 0,
            settled: 0,
            current: Vec::new(),
            waiting: 0,
            share,
            expected: 0.0,
            trained: 0,
            seconds: 0.0,
        }
    }

    /// Takes an event in.
    pub fn hear(&mut self, event: &Event<'_>, now: Instant) {
        if !matches!(event, Event::Warning { .. }) {
            self.waiting = 0;
        }
        match event {
            Event::Planned { total, finished } => {
                (self.total, self.settled) = (*total, *finished);
                self.expected = total.saturating_sub(*finished) as f64 * self.share;
            }
            Event::Started { job, .. } => {
                let job = (*job).clone();
                self.end(&job);
                self.current.push(Training { job, progress: None, begun: now, origin: None });
            }
            Event::Progress { job, progress } => {
                if let Some(training) = self.current.iter_mut().find(|it| it.job == **job) {
                    training.origin.get_or_insert((now, progress.step));
                    training.progress = Some((*progress).clone());
                }
            }
            Event::Done { job, seconds, .. } => {
                self.settled += 1;
                self.trained += 1;
                self.seconds += seconds;
                self.end(job);
            }
            Event::Linked { .. } => self.settled += 1,
            Event::Elsewhere { job } => {
                self.settled += 1;
                self.expected -= 1.0;
                self.end(job);
            }
            Event::Failed { job, .. } => {
                self.settled += 1;
                self.expected -= 1.0;
                self.end(job);
            }
            Event::Blocked { .. } => {
                self.settled += 1;
                self.expected -= 1.0;
            }
            Event::Waiting { held } => self.waiting = held.len(),
            Event::Stopped { job: Some(job) } => self.end(job),
            Event::Stopped { job: None } => self.current.clear(),
            Event::Warning { .. } => {}
        }
    }

    /// The training of a job is no longer under way.
    fn end(&mut self, job: &JobKey) {
        self.current.retain(|training| training.job != *job);
    }

    /// The training of a job, if it is under way.
    pub fn training(&self, job: &JobKey) -> Option<&Training> {
        self.current.iter().find(|training| training.job == *job)
    }

    /// The share of jobs that is off the list, the current trainings counted in part.
    pub fn fraction(&self) -> f64 {
        let current: f64 = self.current.iter().map(Training::fraction).sum();
        (self.settled as f64 + current) / self.total.max(1) as f64
    }

    /// Seconds until all is done, if this start does it, as many trainings at once as now; `None`
    /// before anybody can tell.
    pub fn seconds_left(&self, now: Instant) -> Option<f64> {
        let unsettled = self.total.saturating_sub(self.settled);
        if unsettled == 0 {
            return Some(0.0);
        }
        let each = match self.trained {
            0 => median(self.current.iter().filter_map(|training| training.seconds(now)))?,
            trained => self.seconds / trained as f64,
        };
        let of_current = self.current.iter().map(|training| training.seconds_left(now));
        let of_current: f64 = of_current.map(|left| left.unwrap_or(each)).sum();
        let trainings = (self.expected - self.trained as f64).min(unsettled as f64);
        let at_once = self.current.len();
        let later = (trainings - at_once as f64).max(0.0);
        Some((of_current + later * each) / at_once.max(1) as f64)
    }
}

impl Training {
    /// The share of steps that is done.
    pub fn fraction(&self) -> f64 {
        let progress = self.progress.as_ref();
        progress.map_or(0.0, |p| (p.step as f64 / p.steps.max(1) as f64).min(1.0))
    }

    /// The step within the epoch, and the steps of an epoch.
    pub fn batch(&self) -> Option<(u64, u64)> {
        let progress = self.progress.as_ref()?;
        let each = progress.steps / progress.epochs.max(1);
        let before = progress.epoch.saturating_sub(1) * each;
        (each > 0).then(|| (progress.step.saturating_sub(before).min(each), each))
    }

    /// Seconds until it is done, by the pace of this process; `None` within its first second.
    pub fn seconds_left(&self, now: Instant) -> Option<f64> {
        let (progress, (since, first)) = (self.progress.as_ref()?, self.origin?);
        let (elapsed, steps) = (now - since, progress.step.checked_sub(first)?);
        if elapsed < Duration::from_secs(1) || steps == 0 {
            return None;
        }
        let each = elapsed.as_secs_f64() / steps as f64;
        Some(each * progress.steps.saturating_sub(progress.step) as f64)
    }

    /// Seconds that it will have taken in all.
    fn seconds(&self, now: Instant) -> Option<f64> {
        Some((now - self.begun).as_secs_f64() + self.seconds_left(now)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{done, holder, job, progress};
    use super::*;

    fn after(seconds: u64, start: Instant) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn time_left_by_the_pace_of_steps_then_of_jobs() {
        let start = Instant::now();
        let mut tally = Tally::new(1.0);
        tally.hear(&Event::Planned { total: 5, finished: 1 }, start);
        assert_eq!(tally.seconds_left(start), None);
        let key = job(0);
        tally.hear(&Event::Started { job: &key, number: 2, total: 5 }, start);
        // Resumed: 100 of 400 steps were done before.
        tally.hear(&Event::Progress { job: &key, progress: &progress(100, 400) }, start);
        assert_eq!(tally.seconds_left(start), None);
        let now = after(10, start);
        tally.hear(&Event::Progress { job: &key, progress: &progress(200, 400) }, now);
        let training = tally.training(&key).unwrap();
        assert_eq!(training.seconds_left(now), Some(20.0));
        // 30 seconds in all, and three more like it.
        assert_eq!(tally.seconds_left(now), Some(20.0 + 3.0 * 30.0));
        assert_eq!(tally.fraction(), 1.5 / 5.0);
        tally.hear(&done(&key, 40.0), after(40, start));
        assert_eq!((tally.settled, tally.seconds_left(now)), (2, Some(3.0 * 40.0)));
    }

    #[test]
    fn trainings_at_once_share_the_time_that_is_left() {
        let start = Instant::now();
        let mut tally = Tally::new(1.0);
        tally.hear(&Event::Planned { total: 6, finished: 0 }, start);
        let keys = [job(0), job(1)];
        for (key, first) in keys.iter().zip([0, 200]) {
            tally.hear(&Event::Started { job: key, number: 1, total: 6 }, start);
            tally.hear(&Event::Progress { job: key, progress: &progress(first, 400) }, start);
        }
        let now = after(10, start);
        for (key, step) in keys.iter().zip([100, 300]) {
            tally.hear(&Event::Progress { job: key, progress: &progress(step, 400) }, now);
        }
        // 30 and 10 seconds are left; they take 40 and 20 in all, and four more 30 each.
        assert_eq!(tally.seconds_left(now), Some((30.0 + 10.0 + 4.0 * 30.0) / 2.0));
        assert_eq!(tally.fraction(), 1.0 / 6.0);
        tally.hear(&done(&keys[1], 20.0), now);
        assert_eq!(tally.current.len(), 1);
        tally.hear(&Event::Stopped { job: Some(&keys[0]) }, now);
        assert!(tally.current.is_empty());
    }

    #[test]
    fn jobs_that_refer_to_others_take_no_time() {
        let start = Instant::now();
        let mut tally = Tally::new(0.5);
        tally.hear(&Event::Planned { total: 4, finished: 0 }, start);
        tally.hear(&done(&job(0), 10.0), start);
        assert_eq!(tally.seconds_left(start), Some(10.0));
        tally.hear(&Event::Linked { job: &job(1), to: &job(0) }, start);
        assert_eq!((tally.settled, tally.seconds_left(start)), (2, Some(10.0)));
        tally.hear(&Event::Failed { job: &job(2), error: "NaN" }, start);
        assert_eq!(tally.seconds_left(start), Some(0.0));
    }

    #[test]
    fn the_batch_counts_within_its_epoch() {
        let mut tally = Tally::new(1.0);
        let (now, key) = (Instant::now(), job(0));
        tally.hear(&Event::Started { job: &key, number: 1, total: 1 }, now);
        let at = |step, epoch| Progress { epoch, epochs: 4, ..progress(step, 40) };
        for (step, epoch, batch) in [(0, 1, 0), (10, 1, 10), (11, 2, 1), (40, 4, 10)] {
            tally.hear(&Event::Progress { job: &key, progress: &at(step, epoch) }, now);
            assert_eq!(tally.training(&key).unwrap().batch(), Some((batch, 10)), "{step}");
        }
    }

    #[test]
    fn waiting_ends_with_the_next_event() {
        let now = Instant::now();
        let mut tally = Tally::new(1.0);
        let held = [(job(0), holder())];
        tally.hear(&Event::Waiting { held: &held }, now);
        assert_eq!(tally.waiting, 1);
        tally.hear(&Event::Elsewhere { job: &job(0) }, now);
        assert_eq!(tally.waiting, 0);
    }
}
