//! A learning rate that drops at given epochs.

use jackpot_plugin_api::prelude::*;

/// The base rate × γ for every milestone that has passed, as PyTorch's `MultiStepLR`.
///
/// In epoch e (from 0) the rate is base · γ^n, n being the number of milestones ≤ e. During the
/// warm-up of W steps the rate of step t (from 0) is further multiplied by (t + 1) / W.
#[derive(Params)]
struct MultiStep {
    /// The epochs, counted from 0, at whose beginning the rate drops.
    #[param(default = [90, 135], range = 0..)]
    milestones: Vec<u64>,
    /// What the rate is multiplied by at each milestone.
    #[param(default = 0.1, range = 0.0..)]
    gamma: f64,
    /// How long the rate first grows linearly, such as "5ep" or "500it"; without it, not at all.
    warmup: Option<Duration>,
}

impl LrSchedule for MultiStep {
    const NAME: &str = "multi-step";
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        self.rate(base, ctx.progress())
    }
}

impl MultiStep {
    fn rate(&self, base: f64, at: Progress) -> f64 {
        let epoch = at.step / at.steps_per_epoch.max(1);
        let passed = self.milestones.iter().filter(|&&milestone| milestone <= epoch);
        let dropped = passed.fold(base, |rate, _| rate * self.gamma);
        let warmup = self.warmup.map_or(0, |warmup| warmup.steps(at.steps_per_epoch));
        if at.step < warmup { dropped * (at.step + 1) as f64 / warmup as f64 } else { dropped }
    }
}

export_plugin!(lr_schedules: [MultiStep]);

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(schedule: &MultiStep, base: f64, steps_per_epoch: u64, total_steps: u64) -> Vec<f64> {
        let at = |step| Progress { step, steps_per_epoch, total_steps };
        (0..total_steps).map(|step| schedule.rate(base, at(step))).collect()
    }

    #[test]
    fn drops_at_the_first_step_of_a_milestone() {
        let schedule = MultiStep { milestones: vec![1, 3], gamma: 0.5, warmup: None };
        let expected = [8.0, 8.0, 4.0, 4.0, 4.0, 4.0, 2.0, 2.0];
        assert_eq!(curve(&schedule, 8.0, 2, 8), expected);
    }

    #[test]
    fn warms_up_in_steps_or_epochs() {
        let (milestones, gamma) = (vec![3], 0.5);
        let steps = MultiStep { milestones, gamma, warmup: Some(Duration::Iterations(4)) };
        assert_eq!(curve(&steps, 8.0, 2, 8), [2.0, 4.0, 6.0, 8.0, 8.0, 8.0, 4.0, 4.0]);
        let epochs = MultiStep { warmup: Some(Duration::Epochs(2)), ..steps };
        assert_eq!(curve(&epochs, 8.0, 2, 8), [2.0, 4.0, 6.0, 8.0, 8.0, 8.0, 4.0, 4.0]);
    }

    #[test]
    fn no_milestone_and_no_warm_up_is_a_constant() {
        let warmup = Some(Duration::Iterations(0));
        let schedule = MultiStep { milestones: Vec::new(), gamma: 0.1, warmup };
        assert_eq!(curve(&schedule, 0.1, 1, 3), [0.1; 3]);
    }

    #[test]
    fn defaults_are_the_papers() {
        let specs = MultiStep::specs();
        assert_eq!(specs[0].default, Some(json!([90, 135])));
        assert_eq!(specs[1].default, Some(json!(0.1)));
        assert!(specs[2].optional && specs[2].default.is_none());
    }
}
