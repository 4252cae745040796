//! What batch norms on kernels have in common: the batch's statistics, and the running ones.

use tch::Tensor;

use super::after::After;
use crate::kernels::Threads;
use crate::kernels::norm::{Layout, Norm, Statistics};
use crate::model::error::ModelError;
use crate::torch::{OpError, numbers};

/// What does not change from step to step.
#[derive(Debug, Clone, Copy)]
pub(super) struct NormSpec {
    pub momentum: f64,
    pub epsilon: f64,
}

impl NormSpec {
    /// The kernels' norm over images that lie so.
    ///
    /// # Errors
    ///
    /// Tensors that are not f32 in memory.
    pub fn on_kernels<'a>(
        &self,
        layout: impl Into<Layout>,
        [weight, bias]: [&'a Tensor; 2],
        after: &'a After,
    ) -> Result<Norm<'a>, ModelError> {
        let (weight, bias, after) = (numbers::of(weight)?, numbers::of(bias)?, after.for_kernels());
        Ok(Norm { layout: layout.into(), weight, bias, epsilon: self.epsilon, after })
    }

    /// The norm with what follows it by libtorch's operators, which record: of a batch by its own
    /// statistics, without moving the running ones.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn operators(
        &self,
        x: &Tensor,
        [weight, bias]: [&Tensor; 2],
        residual: Option<&Tensor>,
        after: &After,
    ) -> Result<Tensor, ModelError> {
        let (weight, bias, none) = (Some(weight), Some(bias), None::<&Tensor>);
        let (momentum, epsilon) = (self.momentum, self.epsilon);
        let mut y = x.f_batch_norm(weight, bias, none, none, true, momentum, epsilon, false)?;
        if let Some(residual) = residual {
            y = y.f_add(residual)?;
        }
        after.operators(y)
    }
}

/// The tensors of a batch norm.
pub(super) struct NormTensors<'a> {
    pub weight: &'a Tensor,
    pub bias: &'a Tensor,
    /// Running mean and variance.
    pub running: Option<[&'a Tensor; 2]>,
    /// Whether the batch's own statistics count.
    pub training: bool,
}

/// The batch's statistics, which move the running ones; in evaluation, these. `told` are the batch's
/// where they are known already.
///
/// # Errors
///
/// No running statistics where they are needed; tensors that are not f32 in memory.
pub(super) fn statistics(
    norm: &Norm<'_>,
    images: usize,
    x: &[f32],
    tensors: &NormTensors<'_>,
    momentum: f64,
    told: Option<Statistics>,
    threads: &Threads,
) -> Result<Statistics, ModelError> {
    match (tensors.training, &tensors.running) {
        (true, running) => {
            let found = match told {
                Some(found) => found,
                None => norm.statistics(images, x, threads)?,
            };
            if let Some(running) = running {
                update(running, &found, images * norm.layout.pixels(), momentum)?;
            }
            Ok(found)
        }
        (false, Some([mean, variance])) => {
            let wide = |tensor: &Tensor| -> Result<Vec<f64>, OpError> {
                Ok(numbers::of(tensor)?.iter().copied().map(f64::from).collect())
            };
            Ok(Statistics { mean: wide(mean)?, variance: wide(variance)? })
        }
        (false, None) => {
            let message = "there are no running statistics to evaluate with";
            Err(ModelError::graph("a batch norm", message))
        }
    }
}

/// Moves the running statistics towards the batch's, of so many numbers per channel, as PyTorch does:
/// its variance there is that of a sample (divided by one less than the count).
fn update(
    running: &[&Tensor; 2],
    found: &Statistics,
    count: usize,
    momentum: f64,
) -> Result<(), ModelError> {
    if count < 2 {
        let message = "a batch needs more than one value per channel to have a variance";
        return Err(ModelError::graph("a batch norm", message));
    }
    let sample = count as f64 / (count as f64 - 1.0);
    let [mean, variance] = *running;
    let pairs = [(mean, &found.mean, 1.0), (variance, &found.variance, sample)];
    for (tensor, values, factor) in pairs {
        let old = numbers::of(tensor)?;
        let mixed = old.iter().zip(values).map(|(&old, value)| {
            (momentum * value * factor + (1.0 - momentum) * f64::from(old)) as f32
        });
        let mixed: Vec<f32> = mixed.collect();
        // Not by an operator, which would count as a change of what earlier norms read: as libtorch's
        // own norm moves them.
        numbers::of_mut(&mut tensor.shallow_clone())?.copy_from_slice(&mixed);
    }
    Ok(())
}
