//! Two items of one kind and name.

use jackpot_plugin_api::prelude::*;

/// The first.
#[derive(Params)]
struct First;

/// The second.
#[derive(Params)]
struct Second;

impl Activation for First {
    const NAME: &str = "doubled";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x.relu()
    }
}

impl Activation for Second {
    const NAME: &str = "doubled";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x.tanh()
    }
}

export_plugin!(activations: [First, Second]);
