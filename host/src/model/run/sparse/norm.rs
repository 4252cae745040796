//! Batch norm with what follows it (a residual branch, an activation) as a node of autograd.

use std::sync::Arc;

use tch::Tensor;

use super::blocked::{Blocked, Tools};
use super::handover::{Deferred, Gradient, Slots};
use crate::kernels::Frame;
use crate::kernels::norm::{Behind, Open, Statistics};
use crate::model::error::ModelError;
use crate::model::run::after::After;
use crate::model::run::statistics::{NormSpec, NormTensors, statistics};
use crate::model::run::two_ways::{self, TwoWays};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::attach;
use crate::torch::numbers;

/// # Errors
///
/// Tensors of other sizes, or not of f32 in memory; no running statistics where they are needed.
pub(super) fn forward(
    tools: &Arc<Tools>,
    spec: NormSpec,
    x: &Blocked,
    tensors: &NormTensors<'_>,
    residual: Option<&Blocked>,
    after: After,
    slots: Slots,
) -> Result<Blocked, ModelError> {
    let NormTensors { weight, bias, .. } = tensors;
    let images = x.images;
    let norm = spec.on_kernels(x.frame, [weight, bias], &after)?;
    let numbers_of_x = numbers::of(&x.tensor)?;
    let told = x.moments.statistics(&x.frame, images).filter(|_| tensors.training);
    let statistics =
        statistics(&norm, images, numbers_of_x, tensors, spec.momentum, told, &tools.threads)?;
    let mut y = tools.take(&x.frame, images);
    let around = residual.map(|residual| numbers::of(&residual.tensor)).transpose()?;
    // It says where the ReLU lets something through, which is not to be seen in `x` then.
    let mut open = (residual.is_some() && after.is_relu()).then(Open::default);
    let told = open.as_mut();
    norm.forward(images, &statistics, numbers_of_x, around, &mut y, told, &tools.threads)?;
    let y = x.with(numbers::owned(Box::new(y))?);
    let mut inputs = vec![&x.tensor, *weight, *bias];
    inputs.extend(residual.map(|branch| &branch.tensor));
    let backward = NormBackward {
        tools: tools.clone(),
        spec,
        after,
        statistics,
        frame: x.frame,
        images,
        open,
        has_residual: residual.is_some(),
        slots,
    };
    attach(&inputs, &y.tensor, &inputs, Box::new(backward))?;
    Ok(y)
}

struct NormBackward {
    tools: Arc<Tools>,
    spec: NormSpec,
    after: After,
    statistics: Statistics,
    frame: Frame,
    images: usize,
    /// Where the ReLU let something through, if it followed a residual branch.
    open: Option<Open>,
    has_residual: bool,
    slots: Slots,
}

impl TwoWays for NormBackward {
    /// `saved`: x, weight, bias; the residual branch where there is one.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { tools, spec, after, statistics, frame, images, .. } = self;
        let norm = spec.on_kernels(*frame, [saved[1], saved[2]], after)?;
        let (x, threads) = (numbers::of(saved[0])?, &tools.threads);
        let to_y = MemoryFormat::Contiguous.apply(to_y)?;
        // The gradient in front of an activation is that of the branch before it, too.
        let branch = saved.get(3).filter(|_| after.is_function());
        let branch = branch.map(|branch| numbers::of(branch)).transpose()?;
        let is_gated = self.open.is_some() || after.is_function();
        let mut gated = is_gated.then(|| tools.take(frame, *images));
        let behind = match (&self.open, gated.as_deref_mut()) {
            (Some(open), Some(room)) => Behind::Told(open, room),
            (None, Some(room)) => Behind::Function(branch, room),
            (_, None) => Behind::Input,
        };
        let (found, rest) =
            norm.backward(*images, statistics, x, behind, numbers::of(&to_y)?, threads)?;

        let is_wanted = self.has_residual && wanted[3];
        let (gradient, to_residual) = match (gated, &self.slots.branch) {
            // Nothing behind the sum: its gradient is that of both its terms.
            (None, _) => {
                let own = is_wanted.then(|| to_y.shallow_clone());
                (Gradient::Tensor(to_y), own)
            }
            (Some(buffer), Some(branch)) if is_wanted => {
                let buffer = Arc::new(buffer);
                branch.leave(buffer.clone());
                (Gradient::Buffer(buffer), None)
            }
            (Some(buffer), _) => {
                let tensor = numbers::owned(Box::new(buffer))?;
                let own = is_wanted.then(|| tensor.shallow_clone());
                (Gradient::Tensor(tensor), own)
            }
        };
        let to_x = match &self.slots.deferral {
            Some(deferral) => {
                let x = saved[0].shallow_clone();
                let zeros = Deferred::placeholder(&x.size())?;
                let placeholder = zeros.shallow_clone();
                deferral.leave(Deferred { make: rest, x, gradient, placeholder });
                zeros
            }
            None => {
                let mut to_x = tools.take(frame, *images);
                rest.all(x, gradient.numbers()?, &mut to_x, threads)?;
                numbers::owned(Box::new(to_x))?
            }
        };
        let small = |wanted: bool, values: &[f32]| wanted.then(|| Tensor::from_slice(values));
        let mut gradients =
            vec![Some(to_x), small(wanted[1], &found.weight), small(wanted[2], &found.bias)];
        if self.has_residual {
            gradients.push(to_residual);
        }
        Ok(gradients)
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { tools, spec, after, frame, images, .. } = self;
        two_ways::gradients(saved, to_y, wanted, |inputs| {
            let plain = |tensor: &Tensor| {
                let blocked = Blocked::of(tensor.shallow_clone(), *frame, *images);
                blocked.down(tools, &blocked.shape())
            };
            let residual = inputs.get(3).map(|residual| plain(residual)).transpose()?;
            let weights = [inputs[1], inputs[2]];
            let y = spec.operators(&plain(inputs[0])?, weights, residual.as_ref(), after)?;
            Ok(Blocked::up(tools, &y, *frame)?.tensor)
        })
    }
}
