//! Gradients on kernels, and those that are to be differentiable themselves: for these the layer is
//! computed again with libtorch's dense operators, which record, and these give the gradients.

use tch::Tensor;

use crate::model::error::ModelError;
use crate::torch::grad::{GradMode, GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::Backward;

/// A backward pass that can be done on kernels or with operators that record. The output's gradient
/// has its numbers one after the other for these; for kernels it is as autograd has it.
pub(super) trait TwoWays: Send {
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        output_gradient: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError>;

    fn differentiable(
        &self,
        saved: &[&Tensor],
        output_gradient: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError>;
}

impl<T: TwoWays> Backward for T {
    fn gradients(
        &self,
        saved: &[&Tensor],
        output_gradient: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, String> {
        let found = match GradMode::is_enabled() {
            true => MemoryFormat::Contiguous
                .apply(output_gradient)
                .map_err(ModelError::from)
                .and_then(|output_gradient| self.differentiable(saved, &output_gradient, wanted)),
            false => self.on_kernels(saved, output_gradient, wanted),
        };
        found.map_err(|error| error.to_string())
    }
}

/// The gradients to `inputs` of what `forward` makes of them, each for itself. `None` where none is wanted.
///
/// # Errors
///
/// What an operator says.
pub(super) fn gradients(
    inputs: &[&Tensor],
    output_gradient: &Tensor,
    wanted: &[bool],
    forward: impl FnOnce(&[&Tensor]) -> Result<Tensor, ModelError>,
) -> Result<Vec<Option<Tensor>>, ModelError> {
    // Each input stands for itself: one may be made from another, as a block's last from its first.
    let inputs: Vec<Tensor> =
        inputs.iter().map(|input| input.f_view_as(input)).collect::<Result<_, _>>()?;
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let output = forward(&inputs)?;
    let chosen = inputs.iter().zip(wanted).filter(|(_, wanted)| **wanted);
    let chosen: Vec<&Tensor> = chosen.map(|(input, _)| *input).collect();
    let options = GradOptions { create_graph: true, allow_unused: true, retain_graph: true };
    let mut found = grad(&[&output], &chosen, Some(&[output_gradient]), options)?.into_iter();
    Ok(wanted.iter().map(|wanted| if *wanted { found.next().flatten() } else { None }).collect())
}
