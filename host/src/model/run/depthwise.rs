//! 3 × 3 convolutions of each channel by itself over ordinary images, as nodes of autograd on kernels:
//! their backward pass reads and writes everything once, where libtorch's goes over the images for
//! each gradient. [One](behind) whose batch norm and ReLU are done with it spares these a pass more.
//!
//! The mathematics is that of the operators, the order of its sums is not. Where a gradient is to be
//! differentiable itself, the operators compute it; so they do for small images, and in an
//! evaluation.

mod behind;

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use super::forward::Run;
use super::layout::{LARGE, suited};
use super::order::{in_order, order};
use super::plan::Step;
use super::read::{Known, known};
use super::threads::threads;
use super::two_ways::{self, TwoWays};
use crate::kernels::depthwise::{Depthwise, Given};
use crate::kernels::{Isa, Threads};
use crate::model::error::ModelError;
use crate::torch::capture::is_on_tape;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::{attach, is_recorded};
use crate::torch::numbers;
use crate::torch::settings::autocast_is_on;

pub(super) use behind::behind;

/// The result of a step which is such a convolution, if there are kernels for it, and a gradient is
/// recorded.
///
/// # Errors
///
/// What libtorch says.
pub(super) fn step(run: &Run<'_>, step: &Step) -> Result<Option<Tensor>, ModelError> {
    // Shapes are asked for only where it is a convolution.
    let of = |place| run.value(&step.node, place, 0).ok();
    let Some((depthwise, place, weight)) = found(step, &|place| of(place).map(Tensor::size), run)
    else {
        return Ok(None);
    };
    let x = run.value(&step.node, place, 0)?;
    if !is_worth_it(&depthwise, x, weight)? {
        return Ok(None);
    }
    let x = suited(x, weight)?.unwrap_or_else(|| x.shallow_clone());
    if order(&x) != Some(MemoryFormat::ChannelsLast) {
        return Ok(None);
    }
    let at_node = |error: ModelError| ModelError::at_node(&step.node, error.to_string());
    forward(depthwise, &x, weight).map(Some).map_err(at_node)
}

/// The measures of a step which is such a convolution, where it reads its images, and its weight.
fn found<'r>(
    step: &Step,
    size: &dyn Fn(usize) -> Option<Vec<i64>>,
    run: &Run<'r>,
) -> Option<(Depthwise, usize, &'r Tensor)> {
    let shape_of = |place: usize| {
        let sizes = size(place)?.into_iter().skip(1).map(usize::try_from);
        sizes.collect::<Result<Vec<_>, _>>().ok()
    };
    let Known::Conv(conv) = known(step, &shape_of)? else { return None };
    let (shape, weight) = (conv.shape, run.parameters[conv.weight]);
    let (channels, [stride, other]) = (shape.in_channels, shape.stride);
    let is_one = shape.groups == channels
        && conv.bias.is_none()
        && shape.padding == [1, 1]
        && stride == other
        && weight.size() == [channels as i64, 1, 3, 3];
    is_one.then_some((Depthwise { channels, image: shape.image, stride }, conv.input, weight))
}

/// Whether kernels exist for these images as they lie.
///
/// # Errors
///
/// What libtorch says.
fn fits(depthwise: &Depthwise, x: &Tensor, weight: &Tensor) -> Result<bool, ModelError> {
    Ok(order(x) == Some(MemoryFormat::ChannelsLast) && is_worth_it(depthwise, x, weight)?)
}

/// Whether kernels exist for these images, channels last, are any better, and a gradient is recorded.
fn is_worth_it(depthwise: &Depthwise, x: &Tensor, weight: &Tensor) -> Result<bool, ModelError> {
    let is_known = |one: &Tensor| one.kind() == Kind::Float && one.device() == Device::Cpu;
    Ok(is_recorded(&[x, weight])
        && !is_on_tape()
        && is_known(x)
        && x.numel() >= LARGE
        && depthwise.is_known()
        && Isa::best() != Isa::Portable
        && is_known(weight)
        && weight.is_contiguous()
        && !autocast_is_on(Device::Cpu)?)
}

/// What [fits].
fn forward(depthwise: Depthwise, x: &Tensor, weight: &Tensor) -> Result<Tensor, ModelError> {
    let threads = threads()?;
    let (images, from) = (x.size()[0], in_order(&x.f_detach()?)?);
    let y = filled(&depthwise, images, |to| {
        let (from, weight) = (numbers::of(&from)?, numbers::of(weight)?);
        Ok(depthwise.forward(images as usize, from, None, weight, to, &threads)?)
    })?;
    let inputs = [x, weight];
    attach(&inputs, &y, &inputs, Box::new(DepthwiseBackward { depthwise, threads }))?;
    Ok(y)
}

/// An output for so many images, channels last, which `fill` writes.
fn filled(
    depthwise: &Depthwise,
    images: i64,
    fill: impl FnOnce(&mut [f32]) -> Result<(), ModelError>,
) -> Result<Tensor, ModelError> {
    let [height, width] = depthwise.output().map(|side| side as i64);
    let made = numbers::filled(&[images, height, width, depthwise.channels as i64], fill)?;
    Ok(made.f_permute([0, 3, 1, 2])?)
}

/// By libtorch's operator, which records.
fn operator(depthwise: &Depthwise, x: &Tensor, weight: &Tensor) -> Result<Tensor, ModelError> {
    let (stride, groups) = ([depthwise.stride as i64; 2], depthwise.channels as i64);
    Ok(x.f_conv2d(weight, None::<&Tensor>, stride, [1, 1], [1, 1], groups)?)
}

struct DepthwiseBackward {
    depthwise: Depthwise,
    threads: Arc<Threads>,
}

impl TwoWays for DepthwiseBackward {
    /// `saved`: x, weight.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let (x, weight) = (saved[0].f_detach()?, saved[1].f_detach()?);
        let to_y = MemoryFormat::ChannelsLast.apply(&to_y.f_detach()?)?;
        let to_x = x.f_empty_like()?;
        let (from, gradient, mut to) = (in_order(&x)?, in_order(&to_y)?, in_order(&to_x)?);
        let given = Given {
            images: x.size()[0] as usize,
            input: numbers::of(&from)?,
            weight: numbers::of(&weight)?,
            gradient: numbers::of(&gradient)?,
        };
        let found = self.depthwise.backward(given, numbers::of_mut(&mut to)?, &self.threads)?;
        let to_weight = Tensor::f_from_slice(&found)?.f_view_as(&weight)?;
        Ok(vec![wanted[0].then_some(to_x), wanted[1].then_some(to_weight)])
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        two_ways::gradients(saved, to_y, wanted, |inputs| {
            operator(&self.depthwise, inputs[0], inputs[1])
        })
    }
}

#[cfg(test)]
mod tests;
