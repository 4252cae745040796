//! Magnitude pruning.

use jackpot_plugin_api::prelude::*;

/// |θ|: the largest weights stay, Han et al. 2015 (arXiv 1506.02626).
///
/// One round: the whole density is reached at once from the trained weights. With the scope
/// "layer" every layer keeps the same share of what is left of it: in the order of sizes (of
/// equals the first comes first) the weight at place r (from 0) of a layer's n remaining ones has
/// the score −(r + ½) / n, in f64. So a layer keeps round(s · n) weights, the share s being the one
/// with which all layers together reach the target; where layers tie for the last of these, the
/// first layers get them. Codes that round each layer's count by itself miss the target by up to
/// half a weight per layer.
#[derive(Params)]
struct Magnitude {
    /// What competes: all prunable layers together, or the weights of each layer by itself.
    #[param(default = "global", choices = ["global", "layer"])]
    scope: String,
}

impl Score for Magnitude {
    const NAME: &str = "magnitude";
    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let (weights, masks) = (model.parameters()?, model.masks()?);
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        let score = |info: ParameterInfo| {
            let size = weights.expect(&info.name).abs();
            let by_layer = self.scope == "layer";
            let score = if by_layer { share(&size, masks.expect(&info.name)) } else { size };
            (info.name, score)
        };
        Ok(prunable.map(score).collect())
    }
}

/// −(r + ½) / n of each weight, f64: r is its place among the n that the mask keeps, the largest
/// first; what the mask does not keep comes after them.
fn share(size: &Tensor, mask: &Tensor) -> Tensor {
    let sorted = |x: &Tensor, descending: bool| {
        let options = [("stable", true.into()), ("descending", descending.into())];
        x.op_named("aten::argsort.stable", &[], &options)
    };
    let size = size.masked_fill(&mask.logical_not(), -1.0);
    let order = sorted(&size.flatten(0, -1), true);
    let place = sorted(&order, false).to_dtype(Dtype::F64).reshape(&mask.shape());
    -(place + 0.5) / mask.to_dtype(Dtype::F64).sum()
}

export_plugin!(scores: [Magnitude]);
