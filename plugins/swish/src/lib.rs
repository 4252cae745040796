//! The swish activation.

use jackpot_plugin_api::prelude::*;

/// x · sigmoid(β·x), Ramachandran et al. 2017.
#[derive(Params)]
struct Swish {
    /// Steepness; large β approaches ReLU.
    #[param(default = 1.0, range = 0.0..=1e6)]
    beta: f64,
}

impl Activation for Swish {
    const NAME: &str = "swish";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * (x * self.beta).sigmoid()
    }
}

export_plugin!(activations: [Swish]);
