//! The exponential linear unit.

use jackpot_plugin_api::prelude::*;

/// x for x > 0, else α·(eˣ − 1), Clevert et al. 2016 (arXiv 1511.07289).
///
/// As `torch.nn.ELU`. Smooth for α = 1 alone: for others the derivative jumps at 0 from α to 1.
#[derive(Params)]
struct Elu {
    /// What it falls to on the left, with the sign turned; 0 is ReLU.
    #[param(default = 1.0, range = 0.0..=1e3)]
    alpha: f64,
}

impl Activation for Elu {
    const NAME: &str = "elu";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x.elu(self.alpha)
    }
}

export_plugin!(activations: [Elu]);
