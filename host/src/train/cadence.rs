//! How often a training writes its state. It changes nothing but what a crash costs: no result
//! depends on it, so it is no part of a job's identity.

use std::time::{Duration as Span, Instant};

use jackpot_plugin_api::Duration;

/// When a state is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cadence {
    /// After every epoch, and within one every three minutes; but only as far as all that writing
    /// stays below 1 % of the training's time.
    #[default]
    Auto,
    /// So often, at the next step.
    Every(Span),
    /// After every so many steps or epochs.
    Steps(Duration),
}

/// Of a long epoch, this much is lost at most.
const WITHIN_AN_EPOCH: Span = Span::from_secs(180);
/// The share of the time that `auto` may take: 1 / this.
const SHARE: u32 = 100;
/// What a state is thought to cost before the first was written: so much for any, and the time
/// that its bytes take at 100 MB/s.
const FIRST: Span = Span::from_millis(20);
const BYTES_A_SECOND: f64 = 1e8;

/// What the states of a training have cost so far, and when the next is due.
#[derive(Debug)]
pub struct Pace {
    cadence: Cadence,
    began: Instant,
    saved_at: Instant,
    saved_step: Option<u64>,
    spent: Span,
    cost: Span,
}

impl Pace {
    /// Of a training that begins now at a state of `step` on the disk, if there is one; a state
    /// has about so many bytes.
    pub fn new(cadence: Cadence, step: Option<u64>, bytes: usize) -> Self {
        let now = Instant::now();
        let cost = FIRST + Span::from_secs_f64(bytes as f64 / BYTES_A_SECOND);
        let spent = Span::ZERO;
        Self { cadence, began: now, saved_at: now, saved_step: step, spent, cost }
    }

    /// Whether to write the state after that many steps, of which `steps_per_epoch` are an epoch.
    pub fn is_due(&self, step: u64, steps_per_epoch: u64, now: Instant) -> bool {
        let ends_epoch = step.is_multiple_of(steps_per_epoch);
        let since = now.duration_since(self.saved_at);
        match self.cadence {
            Cadence::Auto => {
                let affordable = (self.spent + self.cost) * SHARE <= now.duration_since(self.began);
                affordable && (ends_epoch || since >= WITHIN_AN_EPOCH)
            }
            Cadence::Every(span) => since >= span,
            Cadence::Steps(every) => step.is_multiple_of(every.steps(steps_per_epoch)),
        }
    }

    /// A state was written in that time.
    pub fn note(&mut self, step: u64, took: Span) {
        self.saved_step = Some(step);
        self.saved_at = Instant::now();
        self.spent += took;
        self.cost = took;
    }

    /// The step of the newest state on the disk.
    pub fn saved_step(&self) -> Option<u64> {
        self.saved_step
    }

    /// How long the next state will take to write.
    pub fn cost(&self) -> Span {
        self.cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A training of which an hour has passed.
    fn pace(cadence: Cadence, spent: u64, cost: u64) -> (Pace, Instant) {
        let mut pace = Pace::new(cadence, None, 0);
        (pace.spent, pace.cost) = (Span::from_secs(spent), Span::from_secs(cost));
        let now = pace.began + Span::from_secs(3600);
        (pace, now)
    }

    #[test]
    fn auto_stays_below_a_hundredth_of_the_time() {
        let (pace_, now) = pace(Cadence::Auto, 30, 6);
        assert!(pace_.is_due(10, 5, now), "36 s of 3600 s");
        let (mut pace_, now) = pace(Cadence::Auto, 30, 7);
        assert!(!pace_.is_due(10, 5, now), "37 s of 3600 s");
        // Within an epoch three minutes have to pass, too.
        pace_.cost = Span::ZERO;
        pace_.saved_at = now - Span::from_secs(179);
        assert!(pace_.is_due(10, 5, now) && !pace_.is_due(11, 5, now));
        pace_.saved_at = now - Span::from_secs(180);
        assert!(pace_.is_due(11, 5, now));
        // The first is thought to take 0.02 s and its bytes: it waits for two seconds.
        let fresh = Pace::new(Cadence::Auto, None, 0);
        assert!(!fresh.is_due(5, 5, fresh.began + Span::from_millis(1999)));
        assert!(fresh.is_due(5, 5, fresh.began + Span::from_millis(2000)));
    }

    #[test]
    fn what_is_asked_for_is_done_whatever_it_costs() {
        let (pace_, now) = pace(Cadence::Steps(Duration::Iterations(3)), 3000, 600);
        let due: Vec<u64> = (1..=9).filter(|step| pace_.is_due(*step, 5, now)).collect();
        assert_eq!(due, [3, 6, 9]);
        let (pace_, now) = pace(Cadence::Steps(Duration::Epochs(2)), 0, 0);
        let due: Vec<u64> = (1..=20).filter(|step| pace_.is_due(*step, 5, now)).collect();
        assert_eq!(due, [10, 20]);
        let (mut pace_, now) = pace(Cadence::Every(Span::from_secs(60)), 3000, 600);
        pace_.saved_at = now - Span::from_secs(59);
        assert!(!pace_.is_due(1, 5, now));
        assert!(pace_.is_due(1, 5, now + Span::from_secs(1)));
    }
}
