//! The masked network as a function of its scales.

use jackpot_plugin_api::prelude::*;

/// A network whose parameters are θ₀ times one scale each.
pub struct Rescaled<'a> {
    model: &'a Model<'a>,
    tensors: Vec<Start>,
    dtype: Dtype,
}

/// A parameter as it was.
struct Start {
    name: String,
    /// θ₀, masked.
    weight: Tensor,
    /// True where a weight is pruned.
    pruned: Option<Tensor>,
    /// Whether there is anything to scale.
    zero: bool,
}

impl<'a> Rescaled<'a> {
    /// All floating-point parameters, with the ticket's weights.
    pub fn new(model: &'a Model<'a>, dtype: Dtype) -> Result<Self, Error> {
        let masks = model.masks()?;
        let start = |(name, weight): (String, Tensor)| {
            let pruned = masks.get(&name).map(Tensor::logical_not);
            let weight = masked(weight.to_dtype(dtype), pruned.as_ref());
            let zero = weight.abs().max().item() == 0.0;
            Start { name, weight, pruned, zero }
        };
        let parameters = model.parameters()?.into_iter();
        let floating = parameters.filter(|(_, weight)| is_floating(weight.dtype()));
        let tensors: Vec<Start> =
            floating.filter(|(_, weight)| weight.numel() > 0).map(start).collect();
        if tensors.iter().all(|start| start.zero) {
            return Err(Error::new("every parameter of the network is zero: nothing to rescale"));
        }
        Ok(Self { model, tensors, dtype })
    }

    /// Whether each tensor is a bias, in order.
    pub fn biases(&self) -> impl Iterator<Item = bool> {
        self.tensors.iter().map(|start| is_bias(&start.name))
    }

    /// θ, to be differentiated.
    pub fn weights(&self, scales: &[f64]) -> Vec<Tensor> {
        let weight = |(start, &scale): (&Start, &f64)| (&start.weight * scale).requires_grad_(true);
        self.tensors.iter().zip(scales).map(weight).collect()
    }

    /// The mean cross-entropy of a batch.
    pub fn loss(&self, weights: &[Tensor], batch: &ModelBatch) -> Result<Tensor, Error> {
        let named = self.tensors.iter().zip(weights);
        let named = named.map(|(start, weight)| (start.name.clone(), weight.clone())).collect();
        let options = ForwardOptions { mode: Mode::BatchStats, dtype: Some(self.dtype) };
        let outputs = self.model.forward(&named, &NamedTensors::new(), &batch.inputs, options)?;
        let (_, logits) = outputs.iter().next().ok_or("the network has no output")?;
        let targets = batch.targets.to_dtype(self.dtype);
        Ok(-(targets * logits.log_softmax(-1)).sum_dim(&[-1], false).mean())
    }

    /// g: the gradients of a loss by the weights, masked, and themselves differentiable.
    pub fn gradients(&self, loss: Tensor, weights: &[Tensor]) -> Vec<Tensor> {
        let options = GradOptions { create_graph: true, allow_unused: true, retain_graph: true };
        let found = grad(&[loss], weights, options);
        let parts = self.tensors.iter().zip(weights).zip(found);
        parts
            .map(|((start, weight), found)| {
                let gradient = found.unwrap_or_else(|| weight.zeros_like());
                masked(gradient, start.pruned.as_ref())
            })
            .collect()
    }

    /// The derivative of an objective by each scale: that by θ, times θ₀. Of tensors that are zero
    /// there is none.
    pub fn slopes(&self, objective: Tensor, weights: &[Tensor]) -> Result<Vec<Option<f64>>, Error> {
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        let found = grad(&[objective], weights, options);
        let slope = |(start, found): (&Start, Option<Tensor>)| match found {
            Some(gradient) => (gradient * &start.weight).sum(),
            None => start.weight.zeros_like().sum(),
        };
        let slopes: Vec<Tensor> = self.tensors.iter().zip(found).map(slope).collect();
        let slopes = Tensor::stack(&slopes, 0).to_vec::<f64>();
        let checked = |(start, slope): (&Start, f64)| match (start.zero, slope.is_finite()) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(slope)),
            (false, false) => Err(Error::new(format!("the slope of `{}` is {slope}", start.name))),
        };
        self.tensors.iter().zip(slopes).map(checked).collect()
    }

    /// θ − η·A(g), to be differentiated by θ.
    pub fn moved(&self, weights: &[Tensor], directions: &[Tensor], eta: f64) -> Vec<Tensor> {
        weights.iter().zip(directions).map(|(weight, step)| weight - step * eta).collect()
    }

    /// The `index`-th batch.
    pub fn batch(&self, index: i64, size: i64) -> Result<ModelBatch, Error> {
        self.model.batch(index, size)
    }

    /// Gives the network its rescaled weights.
    pub fn store(&self, scales: &[f64]) -> Result<(), Error> {
        let scaled = self.tensors.iter().zip(scales).filter(|(start, _)| !start.zero);
        for (start, &scale) in scaled {
            let weight = start.weight.to_dtype(Dtype::F64) * scale;
            self.model.set(&start.name, &weight)?;
        }
        Ok(())
    }
}

/// Two batches as one.
pub fn joined(a: &ModelBatch, b: &ModelBatch) -> ModelBatch {
    let join = |a: &Tensor, b: &Tensor| Tensor::cat(&[a.clone(), b.clone()], 0);
    ModelBatch { inputs: join(&a.inputs, &b.inputs), targets: join(&a.targets, &b.targets) }
}

/// +0.0 where a weight is pruned, whatever was there.
fn masked(tensor: Tensor, pruned: Option<&Tensor>) -> Tensor {
    match pruned {
        Some(pruned) => tensor.masked_fill(pruned, 0.0),
        None => tensor,
    }
}

fn is_floating(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64)
}

fn is_bias(name: &str) -> bool {
    name.rsplit('.').next() == Some("bias")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_by_name() {
        assert!(is_bias("bn1.bias") && is_bias("linear.bias") && is_bias("bias"));
        assert!(!is_bias("bias.weight") && !is_bias("conv1.weight") && !is_bias("prelu.slope"));
    }
}
