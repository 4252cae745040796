//! A score of the weights alone, and one of gradients in several rounds.

use jackpot_plugin_api::prelude::*;

/// |w|.
#[derive(Params)]
pub struct Magnitude;

impl Score for Magnitude {
    const NAME: &str = "reference-magnitude";

    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let weights = model.parameters()?;
        let infos = model.infos()?;
        let prunable = infos.iter().filter(|info| info.prunable);
        Ok(prunable.map(|info| (info.name.clone(), weights.expect(&info.name).abs())).collect())
    }
}

/// |w · ∂loss/∂w| of one batch, with batch statistics.
#[derive(Params)]
pub struct Sensitivity {
    /// In how many rounds.
    #[param(default = 2, range = 1..=100)]
    rounds: u64,
    /// Images of the batch.
    #[param(default = 16, range = 1..=4096)]
    images: i64,
}

impl Score for Sensitivity {
    const NAME: &str = "reference-sensitivity";

    fn rounds(&self) -> u64 {
        self.rounds
    }

    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let weights = model.parameters()?;
        let infos = model.infos()?;
        let leaves: NamedTensors = infos
            .iter()
            .filter(|info| info.prunable)
            .map(|info| {
                let leaf = weights.expect(&info.name).detach().copy();
                (info.name.clone(), leaf.requires_grad_(true))
            })
            .collect();
        let batch = model.batch(0, self.images)?;
        let options = ForwardOptions { mode: Mode::BatchStats, dtype: None };
        let outputs = model.forward(&leaves, &NamedTensors::new(), &batch.inputs, options)?;
        let log = outputs.expect("logits").log_softmax(-1);
        let loss = -(&batch.targets * log).sum_dim(&[-1], false).mean();
        let inputs: Vec<Tensor> = leaves.iter().map(|(_, leaf)| leaf.clone()).collect();
        let gradients =
            grad(&[loss], &inputs, GradOptions { allow_unused: true, ..GradOptions::default() });
        let score = |((name, weight), gradient): ((&str, &Tensor), Option<Tensor>)| {
            let gradient = gradient.unwrap_or_else(|| weight.zeros_like());
            (name.to_owned(), (weight.detach() * gradient).abs())
        };
        Ok(leaves.iter().zip(gradients).map(score).collect())
    }
}
