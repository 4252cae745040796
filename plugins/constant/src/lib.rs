//! A learning rate that stays.

use jackpot_plugin_api::prelude::*;

/// The base rate at every step.
///
/// During the warm-up of W steps the rate of step t (from 0) is base · (t + 1) / W, as PyTorch's
/// `LinearLR` with `start_factor` = 1/W and `total_iters` = W − 1.
#[derive(Params)]
struct Constant {
    /// How long the rate first grows linearly, such as "5ep" or "500it"; without it, not at all.
    warmup: Option<Duration>,
}

impl LrSchedule for Constant {
    const NAME: &str = "constant";
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        self.rate(base, ctx.progress())
    }
}

impl Constant {
    fn rate(&self, base: f64, at: Progress) -> f64 {
        let warmup = self.warmup.map_or(0, |warmup| warmup.steps(at.steps_per_epoch));
        if at.step < warmup { base * (at.step + 1) as f64 / warmup as f64 } else { base }
    }
}

export_plugin!(lr_schedules: [Constant]);

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(warmup: Option<Duration>) -> Vec<f64> {
        let at = |step| Progress { step, steps_per_epoch: 2, total_steps: 6 };
        (0..6).map(|step| Constant { warmup }.rate(8.0, at(step))).collect()
    }

    #[test]
    fn stays_after_the_warm_up() {
        assert_eq!(curve(None), [8.0; 6]);
        assert_eq!(curve(Some(Duration::Iterations(0))), [8.0; 6]);
        assert_eq!(curve(Some(Duration::Iterations(4))), [2.0, 4.0, 6.0, 8.0, 8.0, 8.0]);
        assert_eq!(curve(Some(Duration::Epochs(1))), [4.0, 8.0, 8.0, 8.0, 8.0, 8.0]);
    }
}
