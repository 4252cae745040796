//! A default that cannot be worked out: the file cannot say what is in it.

use jackpot_plugin_api::prelude::*;

/// Has no default.
#[derive(Params)]
struct Speechless {
    /// Nobody knows.
    #[param(default = unknown())]
    factor: f64,
}

fn unknown() -> f64 {
    panic!("there is no {} value", "right")
}

impl Activation for Speechless {
    const NAME: &str = "speechless";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * self.factor
    }
}

export_plugin!(activations: [Speechless]);
