//! How long a layer takes, dense and on kernels: forward and backward, with the real batch.

use std::sync::Arc;
use std::time::Instant;

use tch::{Device, Kind, Tensor};

use super::blocked::{Blocked, Tools};
use super::layer::{Hooks, Layer};
use super::{Candidate, MaskOf};
use crate::kernels::Pool;
use crate::median::median;
use crate::model::error::ModelError;
use crate::model::run::threads::threads;
use crate::torch::grad::{GradOptions, grad};

/// After one that warms up.
const TURNS: usize = 3;

/// Milliseconds of a layer, medians.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    pub name: String,
    pub dense: f64,
    pub sparse: f64,
}

/// Measures each layer with batches of that size.
///
/// # Errors
///
/// What libtorch or a kernel says.
pub fn measure(
    layers: &[Candidate],
    mask_of: &MaskOf<'_>,
    batch: usize,
) -> Result<Vec<Times>, ModelError> {
    let tools = Arc::new(Tools { threads: threads()?, pool: Pool::new() });
    let mut times = Vec::new();
    for layer in layers {
        let whole = Tensor::f_ones([layer.shape.weights() as i64], (Kind::Bool, Device::Cpu))?;
        times.push(one(&tools, layer, mask_of(&layer.name).unwrap_or(&whole), batch)?);
    }
    Ok(times)
}

fn one(
    tools: &Arc<Tools>,
    candidate: &Candidate,
    mask: &Tensor,
    batch: usize,
) -> Result<Times, ModelError> {
    let shape = candidate.shape;
    let size = |numbers: [usize; 4]| numbers.map(|number| number as i64);
    let ([height, width], [out_height, out_width]) = (shape.image, shape.output());
    let some = |size: [i64; 4]| Tensor::f_full(size, 0.5, (Kind::Float, Device::Cpu));
    let x = some(size([batch, shape.in_channels, height, width]))?.set_requires_grad(true);
    let to_y = some(size([batch, shape.out_channels, out_height, out_width]))?;
    let weight = mask.f_to_kind(Kind::Float)?.set_requires_grad(true);
    let layer = Arc::new(Layer::new(shape, mask, [shape.input_margin(), shape.output_margin()])?);
    let blocked = Blocked::up(tools, &x.detach(), layer.input())?;
    let blocked = blocked.with(blocked.tensor.set_requires_grad(true));
    let to_blocked = Blocked::up(tools, &to_y, layer.output())?.tensor;
    let [stride, padding] = [shape.stride, shape.padding].map(|pair| pair.map(|size| size as i64));
    let [kernel_height, kernel_width] = shape.kernel;
    let inputs = shape.in_channels / shape.groups;
    let four = size([shape.out_channels, inputs, kernel_height, kernel_width]);
    let (mut dense, mut sparse) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let begun = Instant::now();
        let w = weight.f_view(four)?;
        let y = x.f_conv2d(&w, None::<&Tensor>, stride, padding, [1, 1], shape.groups as i64)?;
        grad(&[&y], &[&x, &weight], Some(&[&to_y]), GradOptions::default())?;
        let middle = Instant::now();
        let y = layer.forward(tools, &blocked, &weight, None, Hooks::default())?.tensor;
        grad(&[&y], &[&blocked.tensor, &weight], Some(&[&to_blocked]), GradOptions::default())?;
        if turn > 0 {
            dense.push((middle - begun).as_secs_f64() * 1e3);
            sparse.push(middle.elapsed().as_secs_f64() * 1e3);
        }
    }
    let [dense, sparse] = [dense, sparse].map(|times| median(times).unwrap_or(f64::INFINITY));
    Ok(Times { name: candidate.name.clone(), dense, sparse })
}
