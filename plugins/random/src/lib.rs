//! Random pruning.

use jackpot_plugin_api::prelude::*;

/// N(0, 1): which weights stay is left to chance, over all prunable layers together.
///
/// Every set of remaining weights is equally likely, so a layer keeps about the target's share, as
/// chance has it. The baseline of Frankle et al. 2020 (arXiv 2009.08576) and Tanaka et al. 2020
/// (arXiv 2006.05467). The numbers depend on seed, level and layer. One round; no parameters.
#[derive(Params)]
struct Random;

impl Score for Random {
    const NAME: &str = "random";
    fn score(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        Ok((0..).zip(prunable).map(|(i, p)| (p.name, ctx.rng().normal(i, &p.shape))).collect())
    }
}

export_plugin!(scores: [Random]);
