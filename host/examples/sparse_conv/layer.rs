//! One layer under a mask, with all the memory that its passes need.

use crate::clock::{milliseconds, now};
use jackpot::kernels::conv::{Conv, ConvShape};
use jackpot::kernels::{Buffer, Isa, KernelError, Threads};
use jackpot::random::Stream;

/// A layer's shape from its name, `CHANNELSxSIDE`.
pub fn shape(name: &str) -> Result<ConvShape, String> {
    let parts = name.split_once('x').and_then(|(channels, side)| {
        Some((channels.parse::<usize>().ok()?, side.parse::<usize>().ok()?))
    });
    let (channels, side) = parts.ok_or_else(|| format!("`{name}` is not CHANNELSxSIDE"))?;
    Ok(ConvShape {
        image: [side, side],
        kernel: [3, 3],
        padding: [1, 1],
        ..ConvShape::linear(channels, channels)
    })
}

/// A convolution, its images and gradients.
pub struct Sparse {
    pub conv: Conv,
    batch: usize,
    x: Buffer,
    y: Buffer,
    to_y: Buffer,
    to_x: Buffer,
    to_w: Vec<f32>,
}

/// Milliseconds of each pass.
#[derive(Clone, Copy)]
pub struct Times {
    pub forward: f64,
    pub input: f64,
    pub weight: f64,
    /// Both gradients at once.
    pub backward: f64,
}

impl Sparse {
    pub fn new(
        shape: ConvShape,
        sparsity: f64,
        batch: usize,
        isa: Isa,
    ) -> Result<Self, KernelError> {
        let stream = Stream::new(1, "sparse_conv", 0, 0);
        let mut number = 0;
        let mut uniform = |count: usize| {
            number += 1;
            stream.sub(number).uniform(count)
        };
        let chance = (1.0 - sparsity / 100.0) as f32;
        let mask: Vec<bool> =
            uniform(shape.weights()).into_iter().map(|number| number < chance).collect();
        let mut conv = Conv::new(shape, &mask, isa, shape.input_margin(), shape.output_margin())?;
        conv.set_weights(&uniform(shape.weights()))?;
        let [mut x, to_x] = [0; 2].map(|_| Buffer::zeros(conv.input().len(batch)));
        let [mut to_y, y] = [0; 2].map(|_| Buffer::zeros(conv.output().len(batch)));
        let one = Threads::one();
        conv.input().block_up(batch, &uniform(conv.input().plain_len(batch)), &mut x, &one)?;
        conv.output().block_up(batch, &uniform(conv.output().plain_len(batch)), &mut to_y, &one)?;
        let to_w = vec![0.0; conv.kept().len()];
        Ok(Self { conv, batch, x, y, to_y, to_x, to_w })
    }

    pub fn time(&mut self, threads: &Threads) -> Result<Times, KernelError> {
        let mut last = now(threads.count());
        let mut lap = || {
            let time = now(threads.count());
            milliseconds(std::mem::replace(&mut last, time), time)
        };
        let Self { conv, batch, x, y, to_y, to_x, to_w } = self;
        conv.forward(*batch, x, None, y, None, threads)?;
        let forward = lap();
        conv.gradients(*batch, x, to_y, to_x, false, to_w, threads)?;
        let backward = lap();
        conv.input_gradient(*batch, to_y, to_x, false, threads)?;
        let input = lap();
        conv.weight_gradient(*batch, x, to_y, to_w, threads)?;
        let weight = lap();
        Ok(Times { forward, input, weight, backward })
    }

    /// Operations of one pass: two for each kept weight and output pixel.
    pub fn operations(&self) -> f64 {
        let [height, width] = self.conv.shape().output();
        2.0 * (self.conv.kept().len() * self.batch * height * width) as f64
    }
}
