//! The mish activation.

use jackpot_plugin_api::prelude::*;

/// x · tanh(softplus(x)), Misra 2019 (arXiv 1908.08681).
///
/// Smooth, not monotonic, bounded below by about −0.31. No parameters.
#[derive(Params)]
struct Mish;

impl Activation for Mish {
    const NAME: &str = "mish";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        // PyTorch's fused mish is a little faster, but its second derivative is NaN where eˣ
        // overflows (in f32 above 88).
        x * x.softplus().tanh()
    }
}

export_plugin!(activations: [Mish]);
