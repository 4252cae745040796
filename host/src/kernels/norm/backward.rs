//! All gradients: two passes, one for the sums over each channel, one for the input's gradient.

use super::rows::{goes_past, lanes_in_use, of_block, place, plane, spread};
use super::sums::Statistics;
use super::{Norm, Open};
use crate::kernels::error::KernelError;
use crate::kernels::isa;
use crate::kernels::micro::norm::{BITS, Gradient, INPUT, OPEN, ToInput};
use crate::kernels::threads::Threads;
use std::ptr::{null, null_mut};

/// Per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Norm<'_> {
    /// The gradients to the input, to the residual branch where there is one (its gradient is
    /// the output's behind the ReLU), to weight and bias. `open` is what the forward pass told; it
    /// may be left out where nothing was added behind the norm, since what the ReLU let through
    /// then follows from `x`.
    /// Margins are left as they are; lanes without an image become zero.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        images: usize,
        statistics: &Statistics,
        x: &[f32],
        open: Option<&Open>,
        to_y: &[f32],
        to_x: &mut [f32],
        to_residual: Option<&mut [f32]>,
        threads: &Threads,
    ) -> Result<Gradients, KernelError> {
        let frame = &self.frame;
        let residual_len = to_residual.as_ref().map_or(x.len(), |slice| slice.len());
        let slices = [
            ("the norm's input", x.len()),
            ("the norm's output gradient", to_y.len()),
            ("the norm's input gradient", to_x.len()),
            ("the residual's gradient", residual_len),
        ];
        let isa = self.check(images, &slices)?;
        let open = open.map(|open| open.of(frame, images)).transpose()?;
        let given = Given { norm: self, statistics, images, x, open, to_y };
        let kernels = isa.norm();
        let sums = self.sums(images, threads, |block, channel, totals| {
            let (scale, shift) = given.line(block, channel);
            let job = given.job(block, channel, &scale, &shift);
            // SAFETY: the processor has `isa`; all slices were checked to be as long as their
            // frame says, so that every pixel is there.
            unsafe { (kernels.sums[given.gate()])(&job, totals) };
        });

        let len = to_x.len();
        let mut residuals =
            to_residual.map(|slice| slice[frame.lead()..].chunks_exact_mut(frame.block()));
        let blocks = to_x[frame.lead()..].chunks_exact_mut(frame.block());
        let parts: Vec<_> = blocks
            .map(|to_x| (to_x, residuals.as_mut().and_then(Iterator::next)))
            .enumerate()
            .collect();
        threads.run(parts, |(block, (to_x, mut to_residual))| {
            let in_use = lanes_in_use(frame, images, block);
            let beside = to_residual.as_deref();
            let stream = goes_past(frame, len, to_x)
                && beside.is_none_or(|beside| goes_past(frame, len, beside));
            let count = self.count(images);
            for (channel, [sum, product]) in sums.iter().enumerate() {
                let whole = self.scale(statistics, channel);
                let slope =
                    -whole * product / count / (statistics.variance[channel] + self.epsilon);
                let (scale, shift) = given.line(block, channel);
                let at = place(frame, channel);
                let job = ToInput {
                    given: given.job(block, channel, &scale, &shift),
                    slope: &spread(slope, in_use),
                    constant: &spread(-whole * sum / count, in_use),
                    to_x: to_x[at..].as_mut_ptr(),
                    to_residual: to_residual
                        .as_deref_mut()
                        .map_or(null_mut(), |beside| beside[at..].as_mut_ptr()),
                    stream,
                };
                // SAFETY: as above; this part alone writes this block of images.
                unsafe { (kernels.to_input[given.gate()])(&job) };
            }
            if stream {
                isa::fence();
            }
        });
        let per_channel = (0..frame.channels).zip(&sums);
        let weight = per_channel.map(|(channel, [_, product])| {
            (product / (statistics.variance[channel] + self.epsilon).sqrt()) as f32
        });
        let bias = sums.iter().map(|[sum, _]| *sum as f32);
        Ok(Gradients { weight: weight.collect(), bias: bias.collect() })
    }
}

/// What the backward pass reads.
#[derive(Clone, Copy)]
struct Given<'a> {
    norm: &'a Norm<'a>,
    statistics: &'a Statistics,
    images: usize,
    x: &'a [f32],
    open: Option<&'a [u16]>,
    to_y: &'a [f32],
}

impl Given<'_> {
    fn gate(&self) -> usize {
        usize::from(match (self.norm.relu, self.open) {
            (false, _) => OPEN,
            (true, Some(_)) => BITS,
            (true, None) => INPUT,
        })
    }

    /// The forward pass's scale and shift in each lane.
    fn line(&self, block: usize, channel: usize) -> ([f32; 16], [f32; 16]) {
        let in_use = lanes_in_use(&self.norm.frame, self.images, block);
        let [scale, shift] = self.norm.line(self.statistics, channel);
        (spread(scale, in_use), spread(shift, in_use))
    }

    fn job<'a>(
        &self,
        block: usize,
        channel: usize,
        scale: &'a [f32; 16],
        shift: &'a [f32; 16],
    ) -> Gradient<'a> {
        let frame = &self.norm.frame;
        let (at, pixels) = (place(frame, channel), frame.height * frame.width);
        let bits = (block * frame.channels + channel) * pixels;
        Gradient {
            plane: plane(frame),
            x: of_block(frame, block, self.x)[at..].as_ptr(),
            to_y: of_block(frame, block, self.to_y)[at..].as_ptr(),
            open: self.open.map_or(null(), |open| open[bits..][..pixels].as_ptr()),
            scale,
            shift,
            mean: self.statistics.mean[channel] as f32,
        }
    }
}
