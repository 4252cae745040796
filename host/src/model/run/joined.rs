//! A batch norm with the residual branch and the activation that follow it, over ordinary images, as one
//! node of autograd on kernels: half the passes over memory that the operators take.
//!
//! The mathematics is that of the operators, the order of its sums is not. Where a gradient is to
//! be differentiable itself, the operators compute it. So do they for small images, which stay in the
//! caches: small networks have PyTorch's bits.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use super::after::After;
use super::layout::LARGE;
use super::order::{in_order, order};
use super::statistics::{NormSpec, NormTensors, statistics};
use super::threads::threads;
use super::two_ways::{self, TwoWays};
use crate::kernels::norm::{Behind, Open, Plain, Statistics};
use crate::kernels::{Isa, Threads};
use crate::model::error::ModelError;
use crate::torch::capture::is_on_tape;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::{attach, is_recorded};
use crate::torch::numbers;

/// What [fits].
///
/// # Errors
///
/// What libtorch says; images that do not fit.
pub(super) fn forward(
    spec: NormSpec,
    x: &Tensor,
    tensors: &NormTensors<'_>,
    residual: Option<&Tensor>,
    after: After,
) -> Result<Tensor, ModelError> {
    let NormTensors { weight, bias, .. } = *tensors;
    let mut inputs = vec![x, weight, bias];
    inputs.extend(residual);
    let unknown = || ModelError::graph("a joined norm", "there are no kernels for these images");
    let (images, plain, format) = images(x).ok_or_else(unknown)?;
    let threads = threads()?;
    let norm = spec.on_kernels(plain, [weight, bias], &after)?;
    let y = x.f_detach()?.f_empty_like()?;
    // The branch may lie otherwise.
    let branch = residual.map(Tensor::f_detach).transpose()?;
    let branch = branch.map(|branch| format.apply(&branch)).transpose()?;
    let branch = branch.as_ref().map(in_order).transpose()?;
    let (from, mut to) = (in_order(&x.f_detach()?)?, in_order(&y)?);
    let from = numbers::of(&from)?;
    let statistics = statistics(&norm, images, from, tensors, spec.momentum, None, &threads)?;
    // It says where the ReLU lets something through, which is not to be seen in `x` then.
    let mut open = (residual.is_some() && after.is_relu()).then(Open::default);
    let branch = branch.as_ref().map(numbers::of).transpose()?;
    let to = numbers::of_mut(&mut to)?;
    norm.forward(images, &statistics, from, branch, to, open.as_mut(), &threads)?;
    let backward = JoinedBackward { threads, spec, after, statistics, images, plain, format, open };
    attach(&inputs, &y, &inputs, Box::new(backward))?;
    Ok(y)
}

/// Whether kernels exist for these images, it is worth it, and a gradient is recorded: an evaluation is
/// that of the graph's operators to the bit.
pub(super) fn fits(x: &Tensor, tensors: &NormTensors<'_>, residual: Option<&Tensor>) -> bool {
    let is_known = |one: &Tensor| one.kind() == Kind::Float && one.device() == Device::Cpu;
    let running = tensors.running.into_iter().flatten();
    let small = [tensors.weight, tensors.bias].into_iter().chain(running);
    let mut inputs = vec![x, tensors.weight, tensors.bias];
    inputs.extend(residual);
    is_recorded(&inputs)
        && !is_on_tape()
        && x.numel() >= LARGE
        && images(x).is_some()
        && Isa::best() != Isa::Portable
        && is_known(x)
        && residual.is_none_or(|residual| is_known(residual) && residual.size() == x.size())
        && small.into_iter().all(|one| is_known(one) && one.is_contiguous())
}

/// How many, of which form, and how they lie.
fn images(x: &Tensor) -> Option<(usize, Plain, MemoryFormat)> {
    let format = order(x)?;
    let size = |at: usize| usize::try_from(x.size()[at]).ok();
    let (images, channels, pixels) = (size(0)?, size(1)?, size(2)? * size(3)?);
    let channels_last = format == MemoryFormat::ChannelsLast;
    let plain = Plain { channels, pixels, channels_last };
    (plain.is_known(images)).then_some((images, plain, format))
}

struct JoinedBackward {
    threads: Arc<Threads>,
    spec: NormSpec,
    after: After,
    statistics: Statistics,
    images: usize,
    plain: Plain,
    format: MemoryFormat,
    /// Where the ReLU let something through, if it followed a residual branch.
    open: Option<Open>,
}

impl TwoWays for JoinedBackward {
    /// `saved`: x, weight, bias; the residual branch where there is one.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { threads, spec, after, statistics, images, plain, .. } = self;
        let norm = spec.on_kernels(*plain, [saved[1], saved[2]], after)?;
        let (x, to_y) = (saved[0].f_detach()?, self.format.apply(&to_y.f_detach()?)?);
        let (from, given) = (in_order(&x)?, in_order(&to_y)?);
        let (from, given) = (numbers::of(&from)?, numbers::of(&given)?);
        // The gradient in front of an activation is that of the branch before it, too.
        let branch = saved.get(3).filter(|_| after.is_function());
        let branch = branch.map(|branch| branch.f_detach()).transpose()?;
        let branch = branch.map(|branch| self.format.apply(&branch)).transpose()?;
        let branch = branch.as_ref().map(in_order).transpose()?;
        let branch = branch.as_ref().map(numbers::of).transpose()?;
        let is_gated = self.open.is_some() || after.is_function();
        let gated = is_gated.then(|| x.f_empty_like()).transpose()?;
        let mut room = gated.as_ref().map(in_order).transpose()?;
        let behind = match (&self.open, &mut room) {
            (Some(open), Some(room)) => Behind::Told(open, numbers::of_mut(room)?),
            (None, Some(room)) => Behind::Function(branch, numbers::of_mut(room)?),
            (_, None) => Behind::Input,
        };
        let (found, rest) = norm.backward(*images, statistics, from, behind, given, threads)?;
        let mut to_x = None;
        if wanted[0] {
            let made = x.f_empty_like()?;
            let behind = room.as_ref().map(numbers::of).transpose()?;
            let mut to = in_order(&made)?;
            rest.all(from, behind.unwrap_or(given), numbers::of_mut(&mut to)?, threads)?;
            to_x = Some(made);
        }
        let small = |wanted: bool, values: &[f32]| wanted.then(|| Tensor::from_slice(values));
        let mut gradients =
            vec![to_x, small(wanted[1], &found.weight), small(wanted[2], &found.bias)];
        gradients.extend(wanted.get(3).map(|wanted| wanted.then_some(gated.unwrap_or(to_y))));
        Ok(gradients)
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        two_ways::gradients(saved, to_y, wanted, |inputs| {
            let residual = inputs.get(3).copied();
            self.spec.operators(inputs[0], [inputs[1], inputs[2]], residual, &self.after)
        })
    }
}

#[cfg(test)]
mod tests;
