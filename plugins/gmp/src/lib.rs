//! Gradual magnitude pruning.

mod schedule;

use jackpot_plugin_api::prelude::*;

/// Drops the smallest weights bit by bit, from dense to sparse: GMP, Zhu & Gupta 2017 (arXiv
/// 1710.01878).
///
/// At step t the network keeps round(d(t) · n) of its n prunable weights, those with the largest
/// |θ| over all layers, where
///
/// d(t) = keep + (initial − keep) · (1 − (t − begin) / (end − begin))³.
///
/// The masks move at `begin`, then after every `every` steps, and once more at `end` itself (at the
/// last step if `end` is the training's), so that the density `keep` is reached exactly; t counts
/// the steps done. A step with an update is a step of the optimizer, too, under the new masks.
///
/// A dropped weight stays dropped and is zero; in the paper's own code it rests and might come
/// back. Of equal weights the first one, in state-dict order and then row-major, stays. A ticket
/// that keeps fewer weights than the schedule asks for stays as it is until the schedule gets there.
#[derive(Params)]
struct Gmp {
    /// The share of the prunable weights that is left in the end, such as 0.05.
    #[param(range = 0.0..=1.0)]
    keep: f64,
    /// The share that the schedule begins with.
    #[param(default = 1.0, range = 0.0..=1.0)]
    initial: f64,
    /// When the first weights may be dropped: a share of the training, or a duration such as "5ep".
    #[param(default = 0.0)]
    begin: TrainingPoint,
    /// When the last weights are dropped: a share of the training, or a duration such as "100ep".
    #[param(default = 0.75)]
    end: TrainingPoint,
    /// How often the masks move: "100it" or "1ep".
    #[param(default = "100it")]
    every: Interval,
    /// Whether every layer has the same density, round(d(t) · its weights), instead of one threshold
    /// for all layers.
    #[param(default = false)]
    per_layer: bool,
}

impl Update for Gmp {
    const NAME: &str = "gmp";

    fn due(&self, ctx: &Ctx<'_>) -> bool {
        self.is_due(ctx.progress())
    }

    fn update(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let density = self.density(ctx.progress())?;
        let (weights, masks) = (model.parameters()?, model.masks()?);
        let infos = model.infos()?.into_iter().filter(|info| info.prunable);
        // Below every |θ|: what is pruned never comes back.
        let score = |info: ParameterInfo| {
            let dropped = masks.expect(&info.name).logical_not();
            (info.name.clone(), weights.expect(&info.name).abs().masked_fill(&dropped, -1.0))
        };
        let scores: Vec<(String, Tensor)> = infos.map(score).collect();
        Ok(if self.per_layer { per_layer(scores, density) } else { global(scores, density) })
    }
}

/// The mask of the highest scores, of those that are kept (≥ 0) at most all.
fn highest(scores: &Tensor, density: f64) -> Tensor {
    let count = (density * scores.numel() as f64).round() as i64;
    scores.largest(count).logical_and(&scores.ge(0.0))
}

fn per_layer(scores: Vec<(String, Tensor)>, density: f64) -> NamedTensors {
    scores.into_iter().map(|(name, score)| (name, highest(&score, density))).collect()
}

fn global(scores: Vec<(String, Tensor)>, density: f64) -> NamedTensors {
    let flat: Vec<Tensor> = scores.iter().map(|(_, score)| score.reshape(&[-1])).collect();
    let mask = highest(&Tensor::cat(&flat, 0), density);
    let mut start = 0;
    let mut part = |score: &Tensor| {
        let part = mask.narrow(0, start, score.numel());
        start += score.numel();
        part.reshape(&score.shape())
    };
    scores.iter().map(|(name, score)| (name.clone(), part(score))).collect()
}

export_plugin!(updates: [Gmp]);
