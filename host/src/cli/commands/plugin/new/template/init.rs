//! The initialisation `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// Multiplies the weights of all convolution and linear layers by a factor: say here what is set,
/// and where it comes from.
#[derive(Params)]
struct TemplateItem {
    /// What the weights are multiplied by.
    #[param(default = 1.5, range = 1e-3..=1e3)]
    factor: f64,
}

impl Init for TemplateItem {
    const NAME: &str = "template-item";

    // It works on the ticket's own weights; one that replaces them says false.
    const KEEPS_TICKET: bool = true;

    // Called once before a training, when the ticket's weights are loaded. `model.batch` and
    // `model.forward` are there for initialisations that look at data.
    fn initialize(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<(), Error> {
        // Copies: only `model.set` changes the network. Pruned weights stay +0.0 whatever is set.
        let weights = model.parameters()?;
        let layers = |info: &ParameterInfo| matches!(info.role, Role::Conv | Role::Linear);
        for info in model.infos()?.into_iter().filter(layers) {
            model.set(&info.name, &(weights.expect(&info.name) * self.factor))?;
        }
        Ok(())
    }
}

export_plugin!(inits: [TemplateItem]);

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::testing::*;

    use super::*;

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn convolutions_are_scaled_and_normalisations_are_not() -> TestResult {
        let init: TemplateItem = item(json!({ "factor": 3.0 }))?; // parameters as in a config
        let host = Host::start()?;
        let network = host.network(&small_network())?;
        let (conv, norm) = (network.parameter("conv1.weight")?, network.parameter("bn1.weight")?);
        host.init(&init).initialize(&network)?;
        assert_close(&network.parameter("conv1.weight")?, &(conv * 3.0), 1e-6);
        assert_close(&network.parameter("bn1.weight")?, &norm, 0.0);
        Ok(())
    }
}
