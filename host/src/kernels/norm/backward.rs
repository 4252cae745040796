//! The first pass of the backward pass: the sums over each channel.

use super::rows::{goes_past, lanes_in_use, of_block, place, plane, spread};
use super::sums::Statistics;
use super::to_input::ToInput;
use super::{Norm, Open};
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::isa;
use crate::kernels::micro::norm::{BITS, Beside, Gradient, INPUT, OPEN};
use crate::kernels::threads::Threads;
use std::ptr::{null, null_mut};

/// Per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Norm<'_> {
    /// The gradients to weight and bias, and what the one to the input is made with.
    ///
    /// What a ReLU let through follows from `x`, unless something was added behind the norm: then
    /// `open` is what the forward pass told, with room for the gradient behind the ReLU, which is
    /// that of the residual branch, and which the input's gradient is made from.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    pub fn backward(
        &self,
        images: usize,
        statistics: &Statistics,
        x: &[f32],
        open: Option<(&Open, &mut [f32])>,
        to_y: &[f32],
        threads: &Threads,
    ) -> Result<(Gradients, ToInput), KernelError> {
        let frame = &self.frame;
        let slices = [("the norm's input", x.len()), ("the norm's output gradient", to_y.len())];
        let isa = self.check(images, &slices)?;
        let (bits, gated) = match open {
            Some((open, gated)) => {
                check_length("the residual's gradient", gated.len(), frame.len(images))?;
                (Some(open.of(frame, images)?), Some(gated))
            }
            None => (None, None),
        };
        let sums_gate = match (self.relu, &bits) {
            (_, Some(_)) => BITS,
            (true, None) => INPUT,
            (false, None) => OPEN,
        };
        let len = to_y.len();
        let mut gated = gated.map(|all| all[frame.lead()..].chunks_exact_mut(frame.block()));
        let mut by_block = vec![[0.0; 2]; frame.blocks(images) * frame.channels];
        let parts: Vec<_> = by_block
            .chunks_mut(frame.channels)
            .map(|sums| (sums, gated.as_mut().and_then(Iterator::next)))
            .enumerate()
            .collect();
        threads.run(parts, |(block, (sums, mut gated))| {
            let in_use = lanes_in_use(frame, images, block);
            let [x, to_y] = [x, to_y].map(|all| of_block(frame, block, all));
            let stream = gated.as_deref().is_some_and(|first| goes_past(frame, len, first));
            let pixels = frame.height * frame.width;
            for (channel, sums) in sums.iter_mut().enumerate() {
                let [scale, shift] = self.line(statistics, channel);
                let at = place(frame, channel);
                let job = Gradient {
                    plane: plane(frame),
                    x: x[at..].as_ptr(),
                    to_y: to_y[at..].as_ptr(),
                    scale: &spread(scale, in_use),
                    shift: &spread(shift, in_use),
                    mean: statistics.mean[channel] as f32,
                };
                let first = (block * frame.channels + channel) * pixels;
                let beside = Beside {
                    open: bits.map_or(null(), |bits| bits[first..][..pixels].as_ptr()),
                    gradient: gated.as_mut().map_or(null_mut(), |all| all[at..].as_mut_ptr()),
                    stream,
                };
                let mut totals = [[0.0; 16]; 2];
                // SAFETY: the processor has `isa`; all slices are a block long, so that every pixel
                // of every channel is there, and this part alone writes this block.
                unsafe { (isa.norm().sums[usize::from(sums_gate)])(&job, beside, &mut totals) };
                *sums = totals.map(|lanes| lanes[..in_use].iter().sum());
            }
            if stream {
                isa::fence();
            }
        });
        let sums = self.in_order(&by_block);
        let weight = sums
            .iter()
            .zip(&statistics.variance)
            .map(|([_, product], variance)| (product / (variance + self.epsilon).sqrt()) as f32);
        let bias = sums.iter().map(|[sum, _]| *sum as f32);
        let gradients = Gradients { weight: weight.collect(), bias: bias.collect() };
        // Behind the ReLU everything lets its gradient through.
        let gate = if sums_gate == INPUT { INPUT } else { OPEN };
        Ok((gradients, ToInput::new(self, isa, images, statistics, &sums, gate)))
    }
}
