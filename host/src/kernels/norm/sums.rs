//! A batch's mean and variance per channel.

use super::Norm;
use super::rows::{lanes_in_use, rows};
use crate::kernels::error::KernelError;
use crate::kernels::frame::Frame;
use crate::kernels::isa::Isa;
use crate::kernels::threads::Threads;

/// Of a batch, per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    pub mean: Vec<f64>,
    /// The mean squared distance from the mean (divided by the count, not by one less).
    pub variance: Vec<f64>,
}

impl Norm<'_> {
    /// Mean and variance of a batch. Sums are f32 within a row and f64 beyond; they are of the
    /// distances from the channel's first pixel, so that a mean far from zero costs no accuracy.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    pub fn statistics(
        &self,
        images: usize,
        x: &[f32],
        threads: &Threads,
    ) -> Result<Statistics, KernelError> {
        self.check(images, &[("the norm's input", x.len())])?;
        // Inlined, or it would be compiled without the unit's instructions.
        let sums = self.sums(
            images,
            threads,
            #[inline(always)]
            |block: usize, channel: usize| match self.frame.lanes {
                16 => self.two_sums::<16>(block, channel, x),
                _ => self.two_sums::<8>(block, channel, x),
            },
        );
        let count = self.count(images);
        let from = |channel: usize| f64::from(x[self.frame.at(0, channel, 0, 0)]);
        let mean = |(channel, [sum, _]): (usize, &[f64; 2])| from(channel) + sum / count;
        let variance =
            |[sum, squares]: &[f64; 2]| (squares / count - (sum / count).powi(2)).max(0.0);
        Ok(Statistics {
            mean: sums.iter().enumerate().map(mean).collect(),
            variance: sums.iter().map(variance).collect(),
        })
    }

    /// Sum, and sum of squares, of each lane's distances from the channel's first pixel.
    #[inline(always)]
    fn two_sums<const LANES: usize>(
        &self,
        block: usize,
        channel: usize,
        x: &[f32],
    ) -> [[f64; 16]; 2] {
        let from = x[self.frame.at(0, channel, 0, 0)];
        let x = &x[self.frame.lead() + block * self.frame.block()..];
        let mut totals = [[0.0; 16]; 2];
        for row in rows(&self.frame, channel) {
            let mut sums = [[0.0f32; LANES]; 2];
            for pixel in x[row].chunks_exact(LANES) {
                for lane in 0..LANES {
                    let distance = pixel[lane] - from;
                    sums[0][lane] += distance;
                    sums[1][lane] += distance * distance;
                }
            }
            add(&mut totals, &sums);
        }
        totals
    }

    #[inline(always)]
    fn one_sum<const LANES: usize>(
        &self,
        block: usize,
        channel: usize,
        x: &[f32],
    ) -> [[f64; 16]; 2] {
        let x = &x[self.frame.lead() + block * self.frame.block()..];
        let mut totals = [[0.0; 16]; 2];
        for row in rows(&self.frame, channel) {
            let mut sums = [[0.0f32; LANES]; 2];
            for pixel in x[row].chunks_exact(LANES) {
                for lane in 0..LANES {
                    sums[0][lane] += pixel[lane];
                }
            }
            add(&mut totals, &sums);
        }
        totals
    }

    /// Two sums over each channel, from those of each lane in each block of images.
    pub(super) fn sums(
        &self,
        images: usize,
        threads: &Threads,
        of: impl Fn(usize, usize) -> [[f64; 16]; 2] + Send + Sync,
    ) -> Vec<[f64; 2]> {
        let channels = self.frame.channels;
        let mut by_block = vec![[0.0; 2]; self.frame.blocks(images) * channels];
        let parts: Vec<_> = by_block.chunks_mut(channels).enumerate().collect();
        threads.run(parts, |(block, sums)| {
            let in_use = lanes_in_use(&self.frame, images, block);
            Isa::best().run(
                #[inline(always)]
                || {
                    for (channel, sums) in sums.iter_mut().enumerate() {
                        *sums = of(block, channel).map(|lanes| lanes[..in_use].iter().sum());
                    }
                },
            );
        });
        // In one order, whatever the number of threads.
        let mut totals = vec![[0.0; 2]; channels];
        for block in by_block.chunks(channels) {
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
    norm.check(images, &[("the gradient", x.len())])?;
    let sums = norm.sums(
        images,
        threads,
        #[inline(always)]
        |block: usize, channel: usize| match frame.lanes {
            16 => norm.one_sum::<16>(block, channel, x),
            _ => norm.one_sum::<8>(block, channel, x),
        },
    );
    Ok(sums.iter().map(|[sum, _]| *sum as f32).collect())
}

/// Adds a row's sums to the totals of a channel.
#[inline(always)]
pub(super) fn add<const LANES: usize>(totals: &mut [[f64; 16]; 2], sums: &[[f32; LANES]; 2]) {
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, &sum) in totals.iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
}
