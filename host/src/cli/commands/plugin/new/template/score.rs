//! The score `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// |θ| divided by the mean of its layer, to a power: say here what the score is, and where it comes
/// from.
#[derive(Params)]
struct TemplateItem {
    /// The power; above 1 a layer's large weights count more.
    #[param(default = 1.0, range = 0.1..=10.0)]
    power: f64,
}

impl Score for TemplateItem {
    const NAME: &str = "template-item";

    // Called once a pruning round: a score for each weight of what this draw prunes. The highest
    // over all layers stay. `model.batch`, `model.forward` and `grad` are there for scores that look
    // at data.
    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let weights = model.parameters()?;
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        let score = |info: ParameterInfo| {
            let size = weights.expect(&info.name).abs();
            // A layer of zeros has no mean to divide by.
            let mean = size.mean().clamp_min(1e-12);
            (info.name.clone(), (size / mean).pow(self.power))
        };
        Ok(prunable.map(score).collect())
    }
}

export_plugin!(scores: [TemplateItem]);

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::testing::*;

    use super::*;

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn the_mean_of_a_layer_is_one() -> TestResult {
        let score: TemplateItem = item(json!({}))?; // parameters as in a config
        let host = Host::start()?;
        let network = host.network(&small_network())?;
        network.set("linear.weight", &host.tensor(&[-1.0, 2.0, 3.0, 0.0].repeat(3), &[3, 4]))?;
        let scores = host.score(&score).score(&network)?;
        let expected = [1.0, 2.0, 3.0, 0.0].map(|size| size / 1.5).repeat(3);
        assert_close(scores.expect("linear.weight"), &expected, 1e-6);
        Ok(())
    }

    #[test]
    fn one_round_is_enough() {
        assert_eq!(TemplateItem { power: 1.0 }.rounds(), 1);
    }
}
