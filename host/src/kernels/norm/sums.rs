//! A batch's mean and variance per channel.

use super::cut::Cut;
use super::layout::Layout;
use super::{After, Norm};
use crate::kernels::error::KernelError;
use crate::kernels::frame::Frame;
use crate::kernels::micro::norm::{BESIDE, Moments};
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
    /// When a slice has another length than the layout says.
    pub fn statistics(
        &self,
        images: usize,
        x: &[f32],
        threads: &Threads,
    ) -> Result<Statistics, KernelError> {
        let from = |channel: usize| x[self.layout.first(channel)];
        let sums = self.moments(images, x, threads, &from)?;
        let count = self.count(images);
        let mean = |(channel, [sum, _]): (usize, &[f64; 2])| f64::from(from(channel)) + sum / count;
        let variance =
            |[sum, squares]: &[f64; 2]| not_below_zero(squares / count - (sum / count).powi(2));
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
        from: &dyn Fn(usize) -> f32,
    ) -> Result<Vec<[f64; 2]>, KernelError> {
        let cut = self.cut(images, &[("the norm's input", x.len())])?;
        let from = cut.table(|channel| f64::from(from(channel)));
        Ok(cut.sums(vec![(); cut.parts], threads, |part, (), sums| {
            let x = cut.of(part, x);
            for tiles in cut.groups() {
                let (first, x) = (tiles.start, x[cut.at(tiles.start)..].as_ptr());
                let job = Moments { plane: cut.plane(part), x, from: &from[tiles] };
                let totals = &mut [[[0.0; 16]; 2]; BESIDE][..cut.together];
                // SAFETY: the processor has the instructions, and the part every register.
                unsafe { (cut.kernels().moments)(&job, totals) };
                cut.add(part, first, totals, sums);
            }
        }))
    }
}

impl Cut {
    /// Two sums of each channel, of what `of` adds for each part, which is given something of its
    /// own: in one order, whatever the number of threads.
    pub(super) fn sums<P: Send>(
        &self,
        given: Vec<P>,
        threads: &Threads,
        of: impl Fn(usize, P, &mut [[f64; 2]]) + Send + Sync,
    ) -> Vec<[f64; 2]> {
        let mut by_part = vec![[0.0; 2]; given.len() * self.channels()];
        let parts = given.into_iter().zip(by_part.chunks_mut(self.channels())).enumerate();
        threads.run(parts.collect(), |(part, (given, sums))| of(part, given, sums));
        let mut totals = vec![[0.0; 2]; self.channels()];
        for part in by_part.chunks(self.channels()) {
            for (total, sums) in totals.iter_mut().zip(part) {
                total[0] += sums[0];
                total[1] += sums[1];
            }
        }
        totals
    }
}

/// What rounding brought below zero is zero; what is not a number stays so.
pub(super) fn not_below_zero(variance: f64) -> f64 {
    if variance < 0.0 { 0.0 } else { variance }
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
    let layout = Layout::Blocked(*frame);
    let norm = Norm { layout, weight: &zeros, bias: &zeros, epsilon: 1.0, after: After::Nothing };
    let sums = norm.moments(images, x, threads, &|_| 0.0)?;
    Ok(sums.iter().map(|[sum, _]| *sum as f32).collect())
}
