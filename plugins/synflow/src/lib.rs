//! SynFlow: synaptic flow.

use jackpot_plugin_api::prelude::*;

/// |∂R/∂θ ⊙ θ| in the network of absolute parameters on an image of ones, R being the sum of its
/// outputs: the flow through a weight, Tanaka et al. 2020 (SynFlow, arXiv 2006.05467).
///
/// No data. 100 rounds: round i of n keeps the share d^(i/n) of what was there, d being the target,
/// and the rest is scored anew, which keeps layers from losing all their weights before the others
/// do. Computed in f64, batch normalisation in eval mode: a batch's own statistics would break the
/// conservation.
///
/// Conservation: with ReLU (and poolings), and with nothing added on the way, the scores of each
/// layer that all paths cross sum to R. As in the authors' code every parameter and every running
/// statistic becomes its absolute value, with them biases, normalisations' shifts and their means.
/// Those are zero in a fresh network but for biases; `shifts = "zero"` leaves them out, so that
/// conservation holds for any weights.
#[derive(Params)]
struct Synflow {
    /// In how many rounds the density is reached, falling geometrically.
    #[param(default = 100, range = 1..=10_000)]
    rounds: u64,
    /// What becomes of biases, and of normalisations' shifts and means: their "absolute" values, as
    /// in the authors' code, or "zero".
    #[param(default = "absolute", choices = ["absolute", "zero"])]
    shifts: String,
}

impl Score for Synflow {
    const NAME: &str = "synflow";

    fn rounds(&self) -> u64 {
        self.rounds
    }

    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let infos = model.infos()?;
        let prunable = || infos.iter().filter(|info| info.prunable).map(|info| &info.name);
        let parameters: NamedTensors = self.absolute(model.parameters()?);
        let weights: Vec<Tensor> =
            prunable().map(|name| parameters.expect(name).requires_grad_(true)).collect();
        let buffers = self.absolute(model.buffers()?);
        let ones = model.batch(0, 1)?.inputs.ones_like();
        let options = ForwardOptions { mode: Mode::Eval, dtype: Some(Dtype::F64) };
        let outputs = model.forward(&parameters, &buffers, &ones, options)?;
        let sums: Vec<Tensor> = outputs.iter().map(|(_, output)| output.sum()).collect();
        let flow = Tensor::stack(&sums, 0).sum();
        if !flow.item().is_finite() {
            let message = format!("the flow through the network is {}, beyond f64", flow.item());
            return Err(Error::new(message));
        }
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        let gradients = grad(&[flow], &weights, options);
        let score = |(weight, gradient): (&Tensor, Option<Tensor>)| match gradient {
            Some(gradient) => (gradient * weight.detach()).abs(),
            None => weight.zeros_like(),
        };
        Ok(prunable().cloned().zip(weights.iter().zip(gradients).map(score)).collect())
    }
}

impl Synflow {
    /// Absolute values, f64; numbers that are not fractions stay as they are.
    fn absolute(&self, tensors: NamedTensors) -> NamedTensors {
        let one = |(name, tensor): (String, Tensor)| {
            let absolute = match tensor.dtype() {
                Dtype::F32 | Dtype::F64 => tensor.to_dtype(Dtype::F64).abs(),
                _ => return (name, tensor),
            };
            let zero = self.shifts == "zero" && is_shift(&name);
            let value = if zero { absolute.zeros_like() } else { absolute };
            (name, value)
        };
        tensors.into_iter().map(one).collect()
    }
}

/// Whether a tensor is added to what flows, not multiplied with it, by its state-dict name.
fn is_shift(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("bias" | "running_mean"))
}

export_plugin!(scores: [Synflow]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_and_means_are_shifts() {
        for name in ["linear.bias", "bn1.bias", "bn1.running_mean", "bias"] {
            assert!(is_shift(name), "{name}");
        }
        for name in ["conv1.weight", "bn1.running_var", "bias.weight", "act.beta"] {
            assert!(!is_shift(name), "{name}");
        }
    }

    #[test]
    fn defaults_are_the_papers() {
        let specs = Synflow::specs();
        assert_eq!(specs[0].default, Some(json!(100)));
        assert_eq!(specs[1].default, Some(json!("absolute")));
    }
}
