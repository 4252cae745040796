//! The learning-rate schedule `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// base · γ^epoch: say here what the rate is, and where it comes from.
#[derive(Params)]
struct TemplateItem {
    /// What the rate is multiplied by in each epoch.
    #[param(default = 0.9, range = 1e-3..=1.0)]
    gamma: f64,
}

impl LrSchedule for TemplateItem {
    const NAME: &str = "template-item";

    // Called before every step; a function of the progress alone.
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        base * self.gamma.powf(ctx.progress().epoch().floor())
    }
}

export_plugin!(lr_schedules: [TemplateItem]);

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::testing::*;

    use super::*;

    #[test]
    fn the_rate_falls_after_each_epoch() -> TestResult {
        let schedule: TemplateItem = item(json!({ "gamma": 0.5 }))?; // parameters as in a config
        assert_eq!(learning_rates(&schedule, 8.0, 2, 5)?, [8.0, 8.0, 4.0, 4.0, 2.0]);
        Ok(())
    }
}
