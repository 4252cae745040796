//! The relu activation.

use jackpot_plugin_api::prelude::*;

/// max(x, 0), Nair & Hinton 2010: what most networks have already.
///
/// Named in a recipe, it replaces whatever activation the draw or the architecture uses. The
/// derivative at 0 is 0, as in PyTorch. No parameters.
#[derive(Params)]
struct Relu;

impl Activation for Relu {
    const NAME: &str = "relu";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x.relu()
    }
}

export_plugin!(activations: [Relu]);
