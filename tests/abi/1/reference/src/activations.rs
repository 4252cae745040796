//! A formula, one with everything that the host keeps for an item, and failures on request.

use jackpot_plugin_api::prelude::*;

/// x · sigmoid(β·x), as the first-party `swish`.
#[derive(Params)]
pub struct Swish {
    /// Steepness.
    #[param(default = 1.0, range = 0.0..=1e6)]
    beta: f64,
}

impl Activation for Swish {
    const NAME: &str = "reference-swish";

    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * (x * self.beta).sigmoid()
    }
}

/// max(x, 0) + g·(a·min(x, 0) + b): a trained a per channel, a kept b of 0, and a knob g that grows
/// from 0 to 1 over the training.
#[derive(Params)]
pub struct Slope {
    /// The first a.
    #[param(default = 0.25, range = -1.0..=1.0)]
    start: f64,
}

impl Activation for Slope {
    const NAME: &str = "reference-slope";
    const KNOBS: &[&str] = &["gate"];

    fn knob(&self, _: &str, progress: Progress) -> f64 {
        progress.fraction()
    }

    fn tensors(&self, site: &Site) -> Vec<DeclaredTensor> {
        let channels = site.shape.first().copied().unwrap_or(1);
        vec![
            DeclaredTensor::trainable("slope", &[channels], self.start),
            DeclaredTensor::constant("shift", &[], 0.0),
        ]
    }

    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        let mut shape = vec![1; x.shape().len()];
        shape[1] = -1;
        let site = ctx.site().unwrap_or_else(|error| error.throw());
        let slope = ctx.tensor("slope");
        if site.shape.first() != Some(&slope.numel()) {
            Error::new(format!("`{}` has no slope for each channel", site.name)).throw()
        }
        let below = slope.reshape(&shape) * x.clamp_max(0.0) + ctx.tensor("shift");
        x.clamp_min(0.0) + ctx.knob("gate") * below
    }
}

/// Fails in the way that is asked for.
#[derive(Params)]
pub struct Misdeed {
    /// In which way.
    #[param(choices = ["panic", "throw", "operator", "dtype", "tensor"])]
    how: String,
}

impl Activation for Misdeed {
    const NAME: &str = "reference-misdeed";

    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        match self.how.as_str() {
            "panic" => panic!("no luck since {}", 2026),
            "throw" => Error::new("this layer is not for me").throw(),
            "operator" => x.op("aten::no_such_operator", &[]),
            "dtype" => x.to_dtype(Dtype::F64),
            _ => ctx.tensor("never-declared"),
        }
    }
}
