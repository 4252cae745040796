//! The smallest useful plugin: a function at every activation site, with one parameter.

use jackpot_plugin_api::prelude::*;

// The comments below are the item's manual: `jackpot plugin info squareplus` prints them.

/// (x + √(x² + b)) / 2, a smooth ReLU without exponentials, Barron 2021 (arXiv 2112.11687).
#[derive(Params)]
struct Squareplus {
    /// How round the corner is: the smaller, the nearer to ReLU. The default, 4·ln² 2, gives the
    /// value of softplus at 0.
    // Whoever writes 0 into a config gets an error with line and caret before any training: there
    // the derivative at x = 0 would be 0/0.
    #[param(default = 4.0 * std::f64::consts::LN_2 * std::f64::consts::LN_2, range = 1e-6..=1e6)]
    b: f64,
}

impl Activation for Squareplus {
    // What a config says: `activation = "squareplus"`.
    const NAME: &str = "squareplus";

    // Tensors are handles to the host's: each operation below runs libtorch's operator, and
    // autograd records it. There is no backward pass to write.
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        (x + (x.square() + self.b).sqrt()) * 0.5
    }
}

export_plugin!(activations: [Squareplus]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_meets_softplus_at_zero() {
        let specs = Squareplus::specs();
        let b = specs[0].default.as_ref().and_then(|default| default.as_f64()).unwrap();
        // √b / 2 = ln 2.
        assert!((b.sqrt() / 2.0 - std::f64::consts::LN_2).abs() < 1e-15);
    }

    #[test]
    fn a_roundness_of_zero_is_out_of_range() {
        let range = Squareplus::specs()[0].range.unwrap();
        assert!(range.contains(1.0) && !range.contains(0.0));
    }
}
