//! One file, two items: losses that look at the probability of the true class.

use jackpot_plugin_api::prelude::*;

/// −(1 − p)^γ · ln p, which cares less for images that are right already: the focal loss, Lin et
/// al. 2017 (arXiv 1708.02002).
#[derive(Params)]
struct Focal {
    /// How much less; 0 is cross-entropy.
    #[param(default = 2.0, range = 0.0..=10.0)]
    gamma: f64,
}

impl Loss for Focal {
    const NAME: &str = "focal";

    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let log_p = log_likelihood(outputs, targets);
        // clamp: rounding may give a p slightly above 1, and a power of a negative number is NaN.
        let doubt = (1.0 - log_p.exp()).clamp_min(0.0);
        -(doubt.pow(self.gamma) * log_p).mean()
    }
}

/// −ln p + ε · (1 − p): Poly-1, Leng et al. 2022 (arXiv 2204.12511).
#[derive(Params)]
struct Poly {
    /// The weight of the first term of the cross-entropy's Taylor series; 0 is cross-entropy.
    #[param(default = 1.0, range = -1.0..=10.0)]
    epsilon: f64,
}

impl Loss for Poly {
    const NAME: &str = "poly-1";

    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let log_p = log_likelihood(outputs, targets);
        (self.epsilon * (1.0 - log_p.exp()) - log_p).mean()
    }
}

/// Σ t · ln p by image, [N]. Targets are rows that sum to 1, so that images which an augmentation
/// mixed work, too; `log_softmax` stays finite where `softmax().log()` would not.
fn log_likelihood(outputs: &NamedTensors, targets: &NamedTensors) -> Tensor {
    (targets.expect("target") * outputs.expect("logits").log_softmax(-1)).sum_dim(&[-1], false)
}

// Any number of items, of any kinds; each kind's list stands once.
export_plugin!(losses: [Focal, Poly]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_have_a_value_that_is_cross_entropy() {
        for specs in [Focal::specs(), Poly::specs()] {
            assert!(specs[0].range.unwrap().contains(0.0), "{specs:?}");
        }
        assert_ne!(Focal::NAME, Poly::NAME);
    }
}
