//! The swish activation with a steepness, fixed or growing until it is ReLU.

use jackpot_plugin_api::prelude::*;

/// The name of the knob that holds 1/β.
const SOFTNESS: &str = "softness";

/// x · sigmoid(β·x), Ramachandran et al. 2017 (arXiv 1710.05941), fixed or fading to ReLU: the
/// "ghost" neuron of arXiv 2206.12755, which acts only early in training.
///
/// The public code of that paper and of arXiv 2101.03255v3 has a fixed β = 2 and no schedule. Here,
/// with `fade`, the softness 1/β falls linearly from 1/`beta` at the first step to exactly 0 at
/// `fade`: in step t of F it is (1 − t/F) / `beta`. The largest distance to ReLU is 0.278/β, so that
/// it, too, falls in a straight line, and nothing jumps at the end. From step F on the function is
/// ReLU itself, with the derivative 0 at 0. The knob is the softness and not β, which would be
/// infinite then.
#[derive(Params)]
struct PSwish {
    /// The steepness β, with `fade` that of the first step; 1 is swish, large β approaches ReLU.
    #[param(default = 2.0, range = 1e-3..=1e6)]
    beta: f64,
    /// When it is ReLU, such as "60ep"; without it β stays. A training that is shorter ends softly.
    fade: Option<Duration>,
}

impl Activation for PSwish {
    const NAME: &str = "pswish";
    const KNOBS: &[&str] = &[SOFTNESS];

    fn knob(&self, _: &str, progress: Progress) -> f64 {
        self.softness(progress)
    }

    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        if self.fade.is_none() {
            return x * (x * self.beta).sigmoid();
        }
        // Not a choice between two tensors: with both computed, a layer on a CPU would take half
        // as long again for the rest of the training.
        if self.softness(ctx.progress()) == 0.0 {
            return x.relu();
        }
        x * (x / ctx.knob(SOFTNESS)).sigmoid()
    }
}

impl PSwish {
    /// 1/β at that point of the training.
    fn softness(&self, at: Progress) -> f64 {
        let first = 1.0 / self.beta;
        let Some(gone) = self.fade.map(|fade| fade.steps(at.steps_per_epoch)) else { return first };
        if at.step >= gone { 0.0 } else { first * ((gone - at.step) as f64 / gone as f64) }
    }
}

export_plugin!(activations: [PSwish]);

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(beta: f64, fade: Option<Duration>) -> Vec<f64> {
        let at = |step| Progress { step, steps_per_epoch: 2, total_steps: 10 };
        (0..7).map(|step| PSwish { beta, fade }.knob(SOFTNESS, at(step))).collect()
    }

    #[test]
    fn softness_falls_in_a_straight_line_to_exactly_zero() {
        assert_eq!(curve(0.5, Some(Duration::Epochs(2))), [2.0, 1.5, 1.0, 0.5, 0.0, 0.0, 0.0]);
        let steps = curve(2.0, Some(Duration::Iterations(5)));
        assert_eq!(steps, [0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0]);
        assert_eq!(curve(2.0, Some(Duration::Epochs(0))), [0.0; 7]);
    }

    #[test]
    fn without_a_fade_beta_stays() {
        assert_eq!(curve(4.0, None), [0.25; 7]);
    }

    #[test]
    fn the_default_is_the_public_codes() {
        assert_eq!(PSwish::specs()[0].default, Some(json!(2.0)));
    }
}
