//! The softplus activation.

use jackpot_plugin_api::prelude::*;

/// ln(1 + e^(β·x)) / β, Dugas et al. 2001: a smooth ReLU that is nowhere 0.
///
/// As `torch.nn.Softplus`: where β·x is above the threshold it is x itself, without curvature.
#[derive(Params)]
struct Softplus {
    /// Steepness; large β approaches ReLU.
    #[param(default = 1.0, range = 1e-3..=1e6)]
    beta: f64,
    /// Above which β·x it is linear. At most 80, since the exponential of 89 is too large for f32.
    #[param(default = 20.0, range = 0.0..=80.0)]
    threshold: f64,
}

impl Activation for Softplus {
    const NAME: &str = "softplus";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x.op("aten::softplus", &[self.beta.into(), self.threshold.into()])
    }
}

export_plugin!(activations: [Softplus]);
