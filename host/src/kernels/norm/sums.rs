//! A batch's mean and variance per channel.

use super::Norm;
use super::rows::{lanes_in_use, of_block, place, plane};
use crate::kernels::error::KernelError;
use crate::kernels::frame::Frame;
use crate::kernels::micro::norm::{Moments, Totals};
use crate::kernels::threads::Threads;

/// Of a batch, per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    pub mean: Vec<f64>,
    /// The mean squared distance from the mean (divided by the count, not by one less).
    pub variance: Vec<f64>,
}

impl Norm<'_> {
    /// Mean and variance of a batch. Sums are f32 within a few rows and f64 beyond; they are of
    /// the distances from the channel's first pixel, so that a mean far from zero costs no accuracy.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    pub fn statistics(
        &self,
        images: usize,
        x: &[f32],
        threads: &Threads,
    ) -> Result<Statistics, KernelError> {
        let from = |channel: usize| x[self.frame.at(0, channel, 0, 0)];
        let sums = self.moments(images, x, threads, &from)?;
        let count = self.count(images);
        let mean = |(channel, [sum, _]): (usize, &[f64; 2])| f64::from(from(channel)) + sum / count;
        let variance =
            |[sum, squares]: &[f64; 2]| (squares / count - (sum / count).powi(2)).max(0.0);
        Ok(Statistics {
            mean: sums.iter().enumerate().map(mean).collect(),
            variance: sums.iter().map(variance).collect(),
        })
    }

    /// Sum, and sum of squares, of the distances of each channel from a number of its own.
    fn moments(
        &self,
        images: usize,
        x: &[f32],
        threads: &Threads,
        from: &(dyn Fn(usize) -> f32 + Sync),
    ) -> Result<Vec<[f64; 2]>, KernelError> {
        let isa = self.check(images, &[("the norm's input", x.len())])?;
        let frame = &self.frame;
        let mut by_block = vec![[0.0; 2]; frame.blocks(images) * frame.channels];
        let parts: Vec<_> = by_block.chunks_mut(frame.channels).enumerate().collect();
        threads.run(parts, |(block, sums)| {
            let in_use = lanes_in_use(frame, images, block);
            let x = of_block(frame, block, x);
            for (channel, sums) in sums.iter_mut().enumerate() {
                let x = x[place(frame, channel)..].as_ptr();
                let job = Moments { plane: plane(frame), x, from: from(channel) };
                let mut totals: Totals = [[0.0; 16]; 2];
                // SAFETY: the processor has `isa`, and the block has every pixel of every channel.
                unsafe { (isa.norm().moments)(&job, &mut totals) };
                *sums = totals.map(|lanes| lanes[..in_use].iter().sum());
            }
        });
        Ok(self.in_order(&by_block))
    }

    /// The sums of each channel in each block of images, as those over all images: in one order,
    /// whatever the number of threads.
    pub(super) fn in_order(&self, by_block: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let mut totals = vec![[0.0; 2]; self.frame.channels];
        for block in by_block.chunks(self.frame.channels) {
            for (total, sums) in totals.iter_mut().zip(block) {
                total[0] += sums[0];
                total[1] += sums[1];
            }
        }
        totals
    }
}

/// The sum of each channel over all images: the gradient to a convolution's bias.
///
/// # Errors
/// When the slice has another length than the frame says.
pub fn channel_sums(
    frame: &Frame,
    images: usize,
    x: &[f32],
    threads: &Threads,
) -> Result<Vec<f32>, KernelError> {
    let zeros = vec![0.0; frame.channels];
    let norm = Norm { frame: *frame, weight: &zeros, bias: &zeros, epsilon: 1.0, relu: false };
    let sums = norm.moments(images, x, threads, &|_| 0.0)?;
    Ok(sums.iter().map(|[sum, _]| *sum as f32).collect())
}
