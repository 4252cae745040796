//! The activation `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// x · sigmoid(β·x): say here what the function is, and where it comes from.
#[derive(Params)]
struct TemplateItem {
    /// Steepness; large β approaches ReLU.
    #[param(default = 1.0, range = 1e-3..=1e6)]
    beta: f64,
}

impl Activation for TemplateItem {
    const NAME: &str = "template-item";

    // Called at every activation site in every forward pass. The result has the shape and dtype of
    // x. Autograd records what is done; there is no backward pass to write. Nothing may be kept
    // between calls: what has to last is declared with `fn tensors`.
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * (x * self.beta).sigmoid()
    }
}

export_plugin!(activations: [TemplateItem]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_allowed() {
        let spec = &TemplateItem::specs()[0];
        let default = spec.default.as_ref().and_then(|default| default.as_f64()).unwrap();
        assert!(spec.range.unwrap().contains(default));
    }
}
