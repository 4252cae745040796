//! Magnitude pruning.

use jackpot_plugin_api::prelude::*;

/// |θ|: the largest weights stay, Han et al. 2015 (arXiv 1506.02626).
///
/// One round: the whole density is reached at once from the trained weights, over all prunable
/// layers together. No parameters.
#[derive(Params)]
struct Magnitude;

impl Score for Magnitude {
    const NAME: &str = "magnitude";
    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let weights = model.parameters()?;
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        Ok(prunable.map(|info| (info.name.clone(), weights.expect(&info.name).abs())).collect())
    }
}

export_plugin!(scores: [Magnitude]);
