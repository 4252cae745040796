//! Gradients that are to be differentiable themselves: the layer is computed again with libtorch's
//! dense operators, which record, and these give the gradients.

use tch::Tensor;

use crate::model::error::ModelError;
use crate::torch::grad::{GradOptions, grad};

/// The gradients to `inputs` of what `forward` makes of them. `None` where none is wanted.
///
/// # Errors
///
/// What an operator says.
pub(super) fn gradients(
    inputs: &[&Tensor],
    output_gradient: &Tensor,
    wanted: &[bool],
    forward: impl FnOnce() -> Result<Tensor, ModelError>,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    let output = forward()?;
    let chosen = inputs.iter().zip(wanted).filter(|(_, wanted)| **wanted);
    let chosen: Vec<&Tensor> = chosen.map(|(input, _)| *input).collect();
    let options = GradOptions { create_graph: true, allow_unused: true, retain_graph: true };
    let mut found = grad(&[&output], &chosen, Some(&[output_gradient]), options)?.into_iter();
    Ok(wanted.iter().map(|wanted| if *wanted { found.next().flatten() } else { None }).collect())
}
