//! Random pruning with Erdős–Rényi densities.

use jackpot_plugin_api::prelude::*;

/// Weights stay by chance within a layer; the layers' densities are those of the
/// Erdős–Rényi-kernel (ERK), Evci et al. 2020 (arXiv 1911.11134).
///
/// A layer's density is min(1, ε · Σdims / Πdims), dims being the sizes of its weight (outputs,
/// inputs, kernel), with the one ε for which all layers together reach the target: what a layer
/// cannot take goes to the others. So a layer of n weights keeps round(min(n, ε · Σdims)), to the
/// weight: in a random order of the layer's remaining weights the one at place r (from 0) has the
/// score −(r + ½) / Σdims, and is kept as soon as ε · Σdims > r + ½. Since that holds at every ε,
/// later levels have the densities of their own targets, too.
///
/// Layers that the draw does not prune do not count; RigL's own code counts those that it is told
/// to. The order depends on seed, level and layer. One round; no parameters.
#[derive(Params)]
struct ErkRandom;

impl Score for ErkRandom {
    const NAME: &str = "erk-random";
    fn score(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let masks = model.masks()?;
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        let score = |(stream, info): (i64, ParameterInfo)| {
            let chance = ctx.rng().uniform(stream, &info.shape);
            let places = places(&chance, masks.expect(&info.name));
            let score = (places + 0.5) / -dims(&info.shape);
            (info.name, score)
        };
        Ok((0..).zip(prunable).map(score).collect())
    }
}

/// The sum of a weight's sizes.
fn dims(shape: &[i64]) -> f64 {
    shape.iter().map(|&size| size as f64).sum()
}

/// The place (from 0, f64) of each weight among those that the mask keeps, largest number first,
/// of equals the first; what the mask does not keep comes after them.
fn places(numbers: &Tensor, mask: &Tensor) -> Tensor {
    let sorted = |x: &Tensor, descending: bool| {
        let options = [("stable", true.into()), ("descending", descending.into())];
        x.op_named("aten::argsort.stable", &[], &options)
    };
    let numbers = numbers.masked_fill(&mask.logical_not(), f64::NEG_INFINITY);
    let order = sorted(&numbers.flatten(0, -1), true);
    sorted(&order, false).to_dtype(Dtype::F64).reshape(&mask.shape())
}

export_plugin!(scores: [ErkRandom]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dims_are_outputs_inputs_and_kernel() {
        // As in the paper: n_out + n_in + w + h, and n_out + n_in.
        assert_eq!(dims(&[64, 3, 3, 3]), 73.0);
        assert_eq!(dims(&[10, 512]), 522.0);
    }

    /// What the scores make of layers (weights, Σdims) when `keep` weights are kept.
    fn kept(layers: &[(u64, f64)], keep: usize) -> Vec<usize> {
        let score = |place: u64, dims: f64| (place as f64 + 0.5) / -dims;
        let mut all: Vec<(f64, usize)> = Vec::new();
        for (layer, &(weights, dims)) in layers.iter().enumerate() {
            all.extend((0..weights).map(|place| (score(place, dims), layer)));
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let among = |layer| all[..keep].iter().filter(|(_, other)| *other == layer).count();
        (0..layers.len()).map(among).collect()
    }

    #[test]
    fn kept_weights_follow_the_dims_up_to_the_whole_layer() {
        // Weights of shapes [4, 3, 3, 3], [8, 4, 3, 3] and [8, 8, 3, 3].
        let layers = [(108, 13.0), (288, 18.0), (576, 22.0)];
        // ε = 106 / 53 = 2: 26, 36, 44.
        assert_eq!(kept(&layers, 106), [26, 36, 44]);
        // ε = 10: 130 is more than the first layer has. Of 530 weights 422 are left for the two
        // others: ε = 422 / 40 = 10.55, 189.9 and 232.1.
        assert_eq!(kept(&layers, 530), [108, 190, 232]);
        // Two layers full: 900 − 108 − 288.
        assert_eq!(kept(&layers, 900), [108, 288, 504]);
    }
}
