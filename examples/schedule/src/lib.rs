//! A learning rate for every step: plain arithmetic, no tensor.

use jackpot_plugin_api::prelude::*;

/// Rises in a straight line over the warm-up, then falls in a straight line to 0.
#[derive(Params)]
struct Triangle {
    /// How long the rate rises, such as "2ep" or "500it"; without it, not at all.
    // An `Option` need not be in a config. `Duration` is epochs or steps, as everywhere in one.
    warmup: Option<Duration>,
}

impl LrSchedule for Triangle {
    const NAME: &str = "triangle";

    // A function of the progress alone. Keeping the rate of the step before would go wrong after an
    // interruption; and the host asks for steps in any order.
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        self.rate(base, ctx.progress())
    }
}

// The arithmetic stands apart from the hook, so that a test needs no host.
impl Triangle {
    fn rate(&self, base: f64, at: Progress) -> f64 {
        let warmup = self.warmup.map_or(0, |warmup| warmup.steps(at.steps_per_epoch));
        if at.step < warmup {
            return base * (at.step + 1) as f64 / warmup as f64;
        }
        // The host also asks what comes after the last step: never below 0.
        let left = at.total_steps.saturating_sub(at.step);
        base * left as f64 / at.total_steps.saturating_sub(warmup).max(1) as f64
    }
}

export_plugin!(lr_schedules: [Triangle]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down() {
        let schedule = Triangle { warmup: Some(Duration::Epochs(1)) };
        let at = |step| Progress { step, steps_per_epoch: 2, total_steps: 6 };
        let rates = [0, 1, 2, 3, 4, 5, 6, 7].map(|step| schedule.rate(1.0, at(step)));
        assert_eq!(rates, [0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
    }
}
