//! libtorch's dense convolution, in both of its layouts.

use crate::clock::{milliseconds, now};
use jackpot::kernels::conv::ConvShape;
use jackpot::torch::OpError;
use jackpot::torch::grad::{GradOptions, grad};
use jackpot::torch::memory_format::MemoryFormat;
use std::error::Error;
use tch::{Device, Kind, Tensor};

pub const FORMATS: [MemoryFormat; 2] = [MemoryFormat::Contiguous, MemoryFormat::ChannelsLast];

/// Input, weight and output gradient in each layout.
pub struct Dense {
    tensors: Vec<[Tensor; 3]>,
    shape: ConvShape,
    threads: usize,
}

impl Dense {
    pub fn new(shape: &ConvShape, batch: usize, threads: usize) -> Result<Self, Box<dyn Error>> {
        let size = |numbers: [usize; 4]| numbers.map(|number| number as i64);
        let [height, width] = shape.image;
        let x = size([batch, shape.in_channels, height, width]);
        let [height, width] = shape.output();
        let y = size([batch, shape.out_channels, height, width]);
        let [height, width] = shape.kernel;
        let w = size([shape.out_channels, shape.in_channels / shape.groups, height, width]);
        let tensors = FORMATS.map(|format| -> Result<[Tensor; 3], OpError> {
            let random =
                |size: [i64; 4]| format.apply(&Tensor::randn(size, (Kind::Float, Device::Cpu)));
            Ok([random(x)?.set_requires_grad(true), random(w)?.set_requires_grad(true), random(y)?])
        });
        let tensors = tensors.into_iter().collect::<Result<Vec<_>, OpError>>()?;
        Ok(Self { tensors, shape: *shape, threads })
    }

    /// Milliseconds of a forward and backward pass in the layout of this number.
    pub fn time(&self, format: usize) -> Result<f64, Box<dyn Error>> {
        let [x, w, to_y] = &self.tensors[format];
        let [stride, padding] =
            [self.shape.stride, self.shape.padding].map(|pair| pair.map(|number| number as i64));
        let start = now(self.threads);
        let y =
            x.f_conv2d(w, None::<&Tensor>, stride, padding, [1, 1], self.shape.groups as i64)?;
        grad(&[&y], &[x, w], Some(&[to_y]), GradOptions::default())?;
        Ok(milliseconds(start, now(self.threads)))
    }
}
