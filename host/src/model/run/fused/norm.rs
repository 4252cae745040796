//! Batch norm with what follows it (a residual branch, ReLU) on images in row-major order, as a
//! node of autograd.
//!
//! The kernels know blocks of images whose lanes lie together. A channel of one image in row-major
//! order is such a block, too: its lanes are neighbouring pixels.

use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::kernels::norm::{Norm, Open, Statistics};
use crate::kernels::{Frame, Isa, Threads};
use crate::model::error::ModelError;
use crate::model::run::sparse::dense::{self, TwoWays};
use crate::model::run::sparse::norm::{NormSpec, NormTensors, statistics};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::attach;
use crate::torch::numbers;

/// Pixels of an image must be whole registers of any processor.
const REGISTER: usize = 16;
/// Below, the kernels' calls cost more than their work.
const FEWEST: usize = 64;
/// Registers in a row: sums are f32 within one.
const ROW: usize = 64;

/// What all norms of a network share.
#[derive(Clone)]
pub(super) struct Shared(Arc<Threads>);

impl Shared {
    pub fn new(threads: Threads) -> Self {
        Self(Arc::new(threads))
    }
}

/// Images of the kernels.
#[derive(Debug, Clone, Copy)]
struct Layout {
    frame: Frame,
    /// As the kernels count them: a lane each.
    images: usize,
}

impl Layout {
    /// `None` where the kernels cannot take such images.
    fn of(x: &Tensor) -> Option<Self> {
        let size = |at: usize| usize::try_from(*x.size().get(at)?).ok();
        let (images, channels, pixels) = (size(0)?, size(1)?, size(2)? * size(3)?);
        let is_plain = x.dim() == 4 && x.kind() == Kind::Float && x.device() == Device::Cpu;
        let fits = images > 0 && pixels >= FEWEST && pixels.is_multiple_of(REGISTER);
        if !is_plain || !fits {
            return None;
        }
        let lanes = Isa::best().lanes();
        let registers = pixels / lanes;
        let row = (1..=ROW).rev().find(|row| registers.is_multiple_of(*row))?;
        let frame = Frame::new(lanes, channels, registers / row, row, [0, 0]);
        Some(Self { frame, images: images * lanes })
    }

    fn norm<'a>(&self, spec: NormSpec, weight: &'a [f32], bias: &'a [f32]) -> Norm<'a> {
        Norm { frame: self.frame, weight, bias, epsilon: spec.epsilon, relu: spec.relu }
    }
}

/// # Errors
///
/// What an operator or kernel says; no running statistics where they are needed.
pub(super) fn forward(
    shared: &Shared,
    spec: NormSpec,
    x: &Tensor,
    tensors: &NormTensors<'_>,
    residual: Option<&Tensor>,
) -> Result<Tensor, ModelError> {
    let parameters = [tensors.weight, tensors.bias];
    let branch = residual.into_iter();
    let are_plain = parameters.into_iter().chain(branch).all(|one| one.kind() == Kind::Float);
    let layout = match Layout::of(x) {
        Some(layout) if are_plain => layout,
        _ => return by_operators(spec, x, tensors, residual),
    };
    let plain = |tensor: &Tensor| MemoryFormat::Contiguous.apply(tensor);
    let branch =
        |branch: &Tensor| -> Result<Tensor, ModelError> { Ok(plain(&branch.f_expand_as(x)?)?) };
    let (x, residual) = (&plain(x)?, residual.map(branch).transpose()?);
    let threads = &shared.0;
    let norm = layout.norm(spec, numbers::of(tensors.weight)?, numbers::of(tensors.bias)?);
    let (images, values) = (layout.images, numbers::of(x)?);
    let statistics = statistics(&norm, images, values, tensors, spec, None, threads)?;
    let beside = residual.as_ref().map(numbers::of).transpose()?;
    // It says where the ReLU lets something through, which is not to be seen in `x` then.
    let mut open = (residual.is_some() && spec.relu).then(Open::default);
    let told = open.as_mut();
    let y = numbers::filled(&x.size(), |y| {
        let done = norm.forward(images, &statistics, values, beside, y, told, threads);
        done.map_err(ModelError::from)
    })?;
    let mut inputs = vec![x, tensors.weight, tensors.bias];
    inputs.extend(residual.as_ref());
    let shared = shared.clone();
    let backward = NormBackward { shared, spec, layout, statistics, open };
    attach(&inputs, &y, &inputs, Box::new(backward))?;
    Ok(y)
}

/// The same, operator by operator.
fn by_operators(
    spec: NormSpec,
    x: &Tensor,
    tensors: &NormTensors<'_>,
    residual: Option<&Tensor>,
) -> Result<Tensor, ModelError> {
    let NormTensors { weight, bias, running, training } = tensors;
    let [mean, variance] = running.map_or([None; 2], |both| both.map(Some));
    let (momentum, epsilon) = (spec.momentum, spec.epsilon);
    let (weight, bias) = (Some(*weight), Some(*bias));
    let mut y = x.f_batch_norm(weight, bias, mean, variance, *training, momentum, epsilon, true)?;
    if let Some(residual) = residual {
        y = y.f_add(residual)?;
    }
    Ok(if spec.relu { y.f_relu()? } else { y })
}

struct NormBackward {
    shared: Shared,
    spec: NormSpec,
    layout: Layout,
    statistics: Statistics,
    /// Where the ReLU let something through, if it followed a residual branch.
    open: Option<Open>,
}

impl TwoWays for NormBackward {
    /// `saved`: x, weight, bias; the residual branch where there is one.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Self { shared, spec, layout, statistics, open } = self;
        let (x, threads, images) = (saved[0], &shared.0, layout.images);
        let to_y = MemoryFormat::Contiguous.apply(to_y)?;
        let (values, given) = (numbers::of(x)?, numbers::of(&to_y)?);
        let norm = layout.norm(*spec, numbers::of(saved[1])?, numbers::of(saved[2])?);
        // The gradient behind the ReLU.
        let mut gated = open.as_ref().map(|_| x.f_empty_like()).transpose()?;
        let told = match (open, &mut gated) {
            (Some(open), Some(gated)) => Some((open, numbers::of_mut(gated)?)),
            _ => None,
        };
        let (found, make) = norm.backward(images, statistics, values, told, given, threads)?;
        // Without a branch the kernel sees in `x` what the ReLU let through.
        let gradient = gated.as_ref().unwrap_or(&to_y);
        let to_x = numbers::filled(&x.size(), |to_x| {
            let done = make.all(values, numbers::of(gradient)?, to_x, threads);
            done.map_err(ModelError::from)
        })?;
        let small = |wanted: bool, values: &[f32]| wanted.then(|| Tensor::from_slice(values));
        let mut gradients =
            vec![Some(to_x), small(wanted[1], &found.weight), small(wanted[2], &found.bias)];
        if let Some(&wanted) = wanted.get(3) {
            // It is that of both terms of the sum.
            gradients.push(wanted.then(|| gradient.shallow_clone()));
        }
        Ok(gradients)
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        dense::gradients(saved, to_y, wanted, || {
            let (weight, bias) = (saved[1], saved[2]);
            let batch = NormTensors { weight, bias, running: None, training: true };
            by_operators(self.spec, saved[0], &batch, saved.get(3).copied())
        })
    }
}
