//! What a pruning keeps. A score sees the network, and batches of training images.

use jackpot_plugin_api::prelude::*;

/// (g · θ)², the squared first-order change of the loss if a weight is removed, Molchanov et al.
/// 2019 (arXiv 1906.10771).
#[derive(Params)]
struct Taylor {
    /// Training images that the gradient is averaged over.
    #[param(default = 256, range = 1..=1_000_000)]
    images: i64,
}

impl Score for Taylor {
    const NAME: &str = "taylor";

    // Called once a pruning; the weights with the highest scores over all layers stay.
    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        // The model's parameters are copies. Those that this draw prunes become leaves of
        // autograd's graph; all others keep their values.
        let own = model.parameters()?;
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        let leaves: NamedTensors = prunable
            .map(|info| (info.name.clone(), own.expect(&info.name).detach().requires_grad_(true)))
            .collect();

        // The same images in every run with this seed. Running statistics are left alone.
        let batch = model.batch(0, self.images)?;
        let options = ForwardOptions { mode: Mode::Eval, ..ForwardOptions::default() };
        let outputs = model.forward(&leaves, &NamedTensors::new(), &batch.inputs, options)?;
        let likelihood = outputs.expect("logits").log_softmax(-1);
        let loss = -(batch.targets * likelihood).sum_dim(&[-1], false).mean();

        let weights: Vec<Tensor> = leaves.iter().map(|(_, weight)| weight.clone()).collect();
        let gradients = grad(&[loss], &weights, GradOptions::default());
        let scores = leaves.into_iter().zip(gradients).map(|((name, weight), gradient)| {
            // A weight that the loss does not depend on has no gradient.
            let gradient = gradient.unwrap_or_else(|| weight.zeros_like());
            (name, (gradient * weight.detach()).square())
        });
        Ok(scores.collect())
    }
}

export_plugin!(scores: [Taylor]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_scores_once() {
        // More than one round would score anew after each part of the pruning.
        assert_eq!(Taylor { images: 1 }.rounds(), 1);
    }
}
