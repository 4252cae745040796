//! A learning rate that follows half a cosine.

use std::f64::consts::PI;

use jackpot_plugin_api::prelude::*;

/// Half a cosine from the base rate to `min`, Loshchilov & Hutter 2017 (arXiv 1608.03983).
///
/// Of T steps the first W are the warm-up, in which step t (from 0) has the rate
/// base · (t + 1) / W. After it the rate is min + (base − min) · (1 + cos(π·(t − W)/(T − W))) / 2,
/// a new one at every step: PyTorch's `CosineAnnealingLR` with `T_max` = T − W steps. The rate
/// `min` would be that of step T, the first one after the training.
#[derive(Params)]
struct Cosine {
    /// The rate at the end.
    #[param(default = 0.0, range = 0.0..)]
    min: f64,
    /// How long the rate first grows linearly, such as "5ep" or "500it"; without it, not at all.
    warmup: Option<Duration>,
}

impl LrSchedule for Cosine {
    const NAME: &str = "cosine";
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        self.rate(base, ctx.progress())
    }
}

impl Cosine {
    fn rate(&self, base: f64, at: Progress) -> f64 {
        let warmup = self.warmup.map_or(0, |warmup| warmup.steps(at.steps_per_epoch));
        if at.step < warmup {
            return base * (at.step + 1) as f64 / warmup as f64;
        }
        let length = at.total_steps.saturating_sub(warmup).max(1);
        // A step past the end (a host that asks once more) stays at the minimum.
        let done = ((at.step - warmup) as f64 / length as f64).min(1.0);
        self.min + (base - self.min) * (1.0 + (PI * done).cos()) / 2.0
    }
}

export_plugin!(lr_schedules: [Cosine]);

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(schedule: &Cosine, step: u64) -> f64 {
        schedule.rate(2.0, Progress { step, steps_per_epoch: 3, total_steps: 12 })
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-15
    }

    #[test]
    fn begins_at_the_base_and_ends_at_the_minimum() {
        let schedule = Cosine { min: 0.5, warmup: None };
        assert_eq!(rate(&schedule, 0), 2.0);
        // A third of the way: cos 60° = 1/2. Half: 0. Two thirds: −1/2.
        assert!(close(rate(&schedule, 4), 0.5 + 1.5 * 0.75));
        assert!(close(rate(&schedule, 6), 0.5 + 1.5 * 0.5));
        assert!(close(rate(&schedule, 8), 0.5 + 1.5 * 0.25));
        assert_eq!(rate(&schedule, 12), 0.5);
        assert_eq!(rate(&schedule, 13), 0.5);
    }

    #[test]
    fn warms_up_first_and_falls_over_the_rest() {
        let schedule = Cosine { min: 0.0, warmup: Some(Duration::Epochs(2)) };
        let up: Vec<_> = (0..6).map(|step| rate(&schedule, step) * 3.0).collect();
        assert_eq!(up, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(rate(&schedule, 6), 2.0);
        assert!(close(rate(&schedule, 9), 1.0));
    }

    #[test]
    fn a_warm_up_longer_than_the_training_is_all_there_is() {
        let schedule = Cosine { min: 0.0, warmup: Some(Duration::Iterations(24)) };
        assert_eq!(rate(&schedule, 11), 1.0);
    }
}
