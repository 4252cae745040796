//! Such a convolution with the batch norm and the ReLU before it, as one node: what they give is never
//! in memory, but made of the norm's input wherever it is read.

use std::sync::Arc;

use tch::Tensor;

use super::{filled, fits, found, operator};
use crate::kernels::Threads;
use crate::kernels::depthwise::{Before, Depthwise, Given};
use crate::kernels::norm::{Plain, Statistics};
use crate::model::error::ModelError;
use crate::model::run::after::After;
use crate::model::run::forward::Run;
use crate::model::run::order::in_order;
use crate::model::run::plan::Step;
use crate::model::run::statistics::{NormSpec, NormTensors, statistics};
use crate::model::run::threads::threads;
use crate::model::run::two_ways::{self, TwoWays};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::attach;
use crate::torch::numbers;

/// The result of a step which is such a convolution, where a norm that has kernels and a ReLU come
/// before it and nobody else reads what they give. `x` are the norm's images.
///
/// # Errors
///
/// What libtorch says.
pub(in crate::model::run) fn behind(
    run: &Run<'_>,
    step: &Step,
    spec: NormSpec,
    x: &Tensor,
    tensors: &NormTensors<'_>,
) -> Result<Option<Tensor>, ModelError> {
    let Some((depthwise, _, weight)) = found(step, &|_| Some(x.size()), run) else {
        return Ok(None);
    };
    Ok(match fits(&depthwise, x, weight)? {
        true => Some(forward(depthwise, spec, x, tensors, weight)?),
        false => None,
    })
}

/// What [fits].
pub(super) fn forward(
    depthwise: Depthwise,
    spec: NormSpec,
    x: &Tensor,
    tensors: &NormTensors<'_>,
    weight: &Tensor,
) -> Result<Tensor, ModelError> {
    let threads = threads()?;
    let NormTensors { weight: scale, bias, .. } = *tensors;
    let (images, from) = (x.size()[0], in_order(&x.f_detach()?)?);
    let (count, from) = (images as usize, numbers::of(&from)?);
    let norm = spec.on_kernels(plain(&depthwise), [scale, bias], &After::Relu)?;
    let statistics = statistics(&norm, count, from, tensors, spec.momentum, None, &threads)?;
    let y = filled(&depthwise, images, |to| {
        let (before, weight) =
            (Before { norm: &norm, statistics: &statistics }, numbers::of(weight)?);
        Ok(depthwise.forward(count, from, Some(&before), weight, to, &threads)?)
    })?;
    let inputs = [x, scale, bias, weight];
    let backward = BehindBackward { depthwise, spec, statistics, threads };
    attach(&inputs, &y, &inputs, Box::new(backward))?;
    Ok(y)
}

/// How the norm's images lie.
fn plain(depthwise: &Depthwise) -> Plain {
    let Depthwise { channels, image: [height, width], .. } = *depthwise;
    Plain { channels, pixels: height * width, channels_last: true }
}

struct BehindBackward {
    depthwise: Depthwise,
    spec: NormSpec,
    statistics: Statistics,
    threads: Arc<Threads>,
}

impl TwoWays for BehindBackward {
    /// `saved`: x, the norm's weight and bias, the convolution's weight.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { depthwise, spec, statistics, threads } = self;
        let norm = spec.on_kernels(plain(depthwise), [saved[1], saved[2]], &After::Relu)?;
        let (x, weight) = (saved[0].f_detach()?, saved[3].f_detach()?);
        let to_y = MemoryFormat::ChannelsLast.apply(&to_y.f_detach()?)?;
        let mut behind = in_order(&x.f_empty_like()?)?;
        let (from, gradient) = (in_order(&x)?, in_order(&to_y)?);
        let from = numbers::of(&from)?;
        let given = Given {
            images: x.size()[0] as usize,
            input: from,
            weight: numbers::of(&weight)?,
            gradient: numbers::of(&gradient)?,
        };
        let before = Before { norm: &norm, statistics };
        let to = numbers::of_mut(&mut behind)?;
        let (to_weight, found, rest) = depthwise.backward_through(given, &before, to, threads)?;
        let mut to_x = None;
        if wanted[0] {
            let made = x.f_empty_like()?;
            let mut to = in_order(&made)?;
            rest.all(from, numbers::of(&behind)?, numbers::of_mut(&mut to)?, threads)?;
            to_x = Some(made);
        }
        let small = |wanted: bool, values: &[f32]| wanted.then(|| Tensor::from_slice(values));
        let to_weight = Tensor::f_from_slice(&to_weight)?.f_view_as(&weight)?;
        Ok(vec![
            to_x,
            small(wanted[1], &found.weight),
            small(wanted[2], &found.bias),
            wanted[3].then_some(to_weight),
        ])
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        two_ways::gradients(saved, to_y, wanted, |inputs| {
            let norm = [inputs[1], inputs[2]];
            let between = self.spec.operators(inputs[0], norm, None, &After::Relu)?;
            operator(&self.depthwise, &between, inputs[3])
        })
    }
}

#[cfg(test)]
mod tests;
