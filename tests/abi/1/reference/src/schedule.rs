//! Durations as parameters.

use jackpot_plugin_api::prelude::*;

/// The base rate times `gamma` for every milestone passed; before `warmup` it rises linearly.
#[derive(Params)]
pub struct Steps {
    /// When the rate falls.
    #[param(default = ["1ep", "5it"])]
    milestones: Vec<Duration>,
    /// To which share of it.
    #[param(default = 0.5, range = 0.0..=1.0)]
    gamma: f64,
    /// How long it rises.
    #[param(default = "0it")]
    warmup: Duration,
    /// Of how many rises; the last of them counts.
    #[param(default = 1, range = 1..=10)]
    repeats: u64,
}

impl LrSchedule for Steps {
    const NAME: &str = "reference-steps";

    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        let at = ctx.progress();
        let warmup = self.warmup.steps(at.steps_per_epoch) * self.repeats;
        if at.step < warmup {
            return base * (at.step + 1) as f64 / warmup as f64;
        }
        let passed = self.milestones.iter().filter(|m| at.step >= m.steps(at.steps_per_epoch));
        base * self.gamma.powi(i32::try_from(passed.count()).unwrap_or(i32::MAX))
    }
}
