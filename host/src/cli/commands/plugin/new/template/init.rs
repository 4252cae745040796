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
        for info in model.infos()?.into_iter().filter(|info| scales(info.role)) {
            model.set(&info.name, &(weights.expect(&info.name) * self.factor))?;
        }
        Ok(())
    }
}

fn scales(role: Role) -> bool {
    matches!(role, Role::Conv | Role::Linear)
}

export_plugin!(inits: [TemplateItem]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalisations_and_biases_are_left_alone() {
        assert!(scales(Role::Conv) && scales(Role::Linear));
        assert!(!scales(Role::Norm) && !scales(Role::Bias) && !scales(Role::Other));
    }
}
