//! The Gaussian error linear unit.

use jackpot_plugin_api::prelude::*;

/// x · Φ(x), Φ the normal distribution function, Hendrycks & Gimpel 2016 (arXiv 1606.08415).
///
/// As `torch.nn.GELU`.
#[derive(Params)]
struct Gelu {
    /// "none" is exact, with the error function; "tanh" is the paper's approximation
    /// x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))).
    #[param(default = "none", choices = ["none", "tanh"])]
    approximate: String,
}

impl Activation for Gelu {
    const NAME: &str = "gelu";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x.op_named("aten::gelu", &[], &[("approximate", self.approximate.as_str().into())])
    }
}

export_plugin!(activations: [Gelu]);
