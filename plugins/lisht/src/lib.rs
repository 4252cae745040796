//! The lisht activation.

use jackpot_plugin_api::prelude::*;

/// x · tanh(x), Roy et al. 2019 (arXiv 1901.05894).
///
/// Even, never negative, |x| far from 0. No parameters.
#[derive(Params)]
struct Lisht;

impl Activation for Lisht {
    const NAME: &str = "lisht";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * x.tanh()
    }
}

export_plugin!(activations: [Lisht]);
