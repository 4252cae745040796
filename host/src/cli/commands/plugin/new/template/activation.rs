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
    use jackpot_plugin_api::testing::*;

    use super::*;

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn values_and_gradient() -> TestResult {
        let swish: TemplateItem = item(json!({}))?; // parameters as in a config
        let host = Host::start()?;
        let x = host.tensor(&[-1.0, 0.5, 2.0], &[3]);
        assert_close(&host.activation(&swish).forward(&x)?, &[-0.268941, 0.311230, 1.761594], 1e-6);
        host.activation(&swish).check_gradient(&x) // autograd against finite differences
    }

    #[test]
    fn a_steepness_of_zero_is_refused() {
        let error = item::<TemplateItem>(json!({ "beta": 0.0 })).err().unwrap().to_string();
        assert!(error.starts_with("parameter `beta`"), "{error}");
    }
}
