//! All gradients: two passes, one for the sums over each channel, one for the input's gradient.

use super::Norm;
use super::rows::{lanes_in_use, rows, spread};
use super::sums::{Statistics, add};
use crate::kernels::error::KernelError;
use crate::kernels::isa::Isa;
use crate::kernels::threads::Threads;

/// Per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Norm<'_> {
    /// The gradients to the input, to the residual branch where there is one (its gradient is
    /// the output's behind the ReLU), to weight and bias. `y` is the forward pass's output.
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
        y: &[f32],
        to_y: &[f32],
        to_x: &mut [f32],
        to_residual: Option<&mut [f32]>,
        threads: &Threads,
    ) -> Result<Gradients, KernelError> {
        let residual_len = to_residual.as_ref().map_or(x.len(), |slice| slice.len());
        let slices = [
            ("the norm's input", x.len()),
            ("the norm's output", y.len()),
            ("the norm's output gradient", to_y.len()),
            ("the norm's input gradient", to_x.len()),
            ("the residual's gradient", residual_len),
        ];
        self.check(images, &slices)?;
        let frame = &self.frame;
        // Per channel: the sum of the gradient, and of its product with x − mean.
        let sums = self.sums(images, threads, |block, channel| match frame.lanes {
            16 => self.gradient_sums::<16>(block, channel, statistics, x, y, to_y),
            _ => self.gradient_sums::<8>(block, channel, statistics, x, y, to_y),
        });

        let blocks = to_x[frame.lead()..].chunks_exact_mut(frame.block());
        let residuals: Vec<Option<&mut [f32]>> = match to_residual {
            Some(slice) => {
                slice[frame.lead()..].chunks_exact_mut(frame.block()).map(Some).collect()
            }
            None => std::iter::repeat_with(|| None).take(frame.blocks(images)).collect(),
        };
        let parts: Vec<_> = blocks.zip(residuals).enumerate().collect();
        threads.run(parts, |(block, (to_x, to_residual))| {
            let place = frame.lead() + block * frame.block();
            let given = [&x[place..], &y[place..], &to_y[place..]];
            let count = self.count(images);
            let in_use = lanes_in_use(frame, images, block);
            Isa::best().run(
                #[inline(always)]
                || {
                    let (sums, to) = (&sums[..], (to_x, to_residual));
                    match frame.lanes {
                        16 => self.block_backward::<16>(in_use, count, statistics, sums, given, to),
                        _ => self.block_backward::<8>(in_use, count, statistics, sums, given, to),
                    }
                },
            );
        });
        let per_channel = (0..frame.channels).zip(&sums);
        let weight = per_channel.map(|(channel, [_, product])| {
            (product / (statistics.variance[channel] + self.epsilon).sqrt()) as f32
        });
        let bias = sums.iter().map(|[sum, _]| *sum as f32);
        Ok(Gradients { weight: weight.collect(), bias: bias.collect() })
    }

    #[inline(always)]
    fn gradient_sums<const LANES: usize>(
        &self,
        block: usize,
        channel: usize,
        statistics: &Statistics,
        x: &[f32],
        y: &[f32],
        to_y: &[f32],
    ) -> [[f64; 16]; 2] {
        let place = self.frame.lead() + block * self.frame.block();
        let (x, y, to_y) = (&x[place..], &y[place..], &to_y[place..]);
        let floor = self.floor();
        let mean = statistics.mean[channel] as f32;
        let mut totals = [[0.0; 16]; 2];
        for row in rows(&self.frame, channel) {
            let mut sums = [[0.0f32; LANES]; 2];
            let pixels = x[row.clone()].chunks_exact(LANES);
            let pixels = pixels.zip(y[row.clone()].chunks_exact(LANES));
            for ((x, y), to_y) in pixels.zip(to_y[row].chunks_exact(LANES)) {
                for lane in 0..LANES {
                    let gradient = if y[lane] > floor { to_y[lane] } else { 0.0 };
                    sums[0][lane] += gradient;
                    sums[1][lane] += gradient * (x[lane] - mean);
                }
            }
            add(&mut totals, &sums);
        }
        totals
    }

    /// `to_x = scale · (gradient − mean gradient − (x − mean) · mean product / variance)`.
    #[inline(always)]
    fn block_backward<const LANES: usize>(
        &self,
        in_use: usize,
        count: f64,
        statistics: &Statistics,
        sums: &[[f64; 2]],
        [x, y, to_y]: [&[f32]; 3],
        (to_x, mut to_residual): (&mut [f32], Option<&mut [f32]>),
    ) {
        let floor = self.floor();
        for (channel, [sum, product]) in sums.iter().enumerate() {
            let scale = self.scale(statistics, channel);
            let slope = -scale * product / count / (statistics.variance[channel] + self.epsilon);
            let constant = spread::<LANES>(-scale * sum / count, in_use);
            let (scale, slope) = (spread::<LANES>(scale, in_use), spread::<LANES>(slope, in_use));
            let mean = statistics.mean[channel] as f32;
            for row in rows(&self.frame, channel) {
                let pixels = x[row.clone()].chunks_exact(LANES);
                let pixels = pixels.zip(y[row.clone()].chunks_exact(LANES));
                let pixels = pixels.zip(to_y[row.clone()].chunks_exact(LANES));
                for (((x, y), to_y), to_x) in pixels.zip(to_x[row.clone()].chunks_exact_mut(LANES))
                {
                    for lane in 0..LANES {
                        let gradient = if y[lane] > floor { to_y[lane] } else { 0.0 };
                        to_x[lane] = scale[lane] * gradient
                            + (slope[lane] * (x[lane] - mean) + constant[lane]);
                    }
                }
                if let Some(to_residual) = &mut to_residual {
                    let pixels = y[row.clone()].chunks_exact(LANES);
                    let pixels = pixels.zip(to_y[row.clone()].chunks_exact(LANES));
                    for ((y, to_y), to) in pixels.zip(to_residual[row].chunks_exact_mut(LANES)) {
                        for lane in 0..LANES {
                            to[lane] = if y[lane] > floor { to_y[lane] } else { 0.0 };
                        }
                    }
                }
            }
        }
    }

    /// Outputs above this let their gradient through.
    fn floor(&self) -> f32 {
        if self.relu { 0.0 } else { f32::NEG_INFINITY }
    }
}
