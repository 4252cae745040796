//! Normalise, scale, add the residual branch, ReLU: one pass.

use super::Norm;
use super::rows::{Out, lanes_in_use, rows, spread};
use super::sums::Statistics;
use crate::kernels::error::KernelError;
use crate::kernels::isa::Isa;
use crate::kernels::threads::Threads;

impl Norm<'_> {
    /// The output for a batch with these statistics. Margins are left as they are; lanes without
    /// an image become zero.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    pub fn forward(
        &self,
        images: usize,
        statistics: &Statistics,
        x: &[f32],
        residual: Option<&[f32]>,
        y: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        let residual_len = residual.map_or(x.len(), <[f32]>::len);
        let slices = [
            ("the norm's input", x.len()),
            ("the residual", residual_len),
            ("the norm's output", y.len()),
        ];
        self.check(images, &slices)?;
        let (frame, len) = (&self.frame, y.len());
        let parts: Vec<_> = y[frame.lead()..].chunks_exact_mut(frame.block()).enumerate().collect();
        threads.run(parts, |(block, y)| {
            let place = frame.lead() + block * frame.block();
            let (x, residual) = (&x[place..], residual.map(|residual| &residual[place..]));
            let in_use = lanes_in_use(frame, images, block);
            let y = Out::new(frame, len, y);
            Isa::best().run(
                #[inline(always)]
                || match frame.lanes {
                    16 => self.block_forward::<16>(in_use, statistics, x, residual, y),
                    _ => self.block_forward::<8>(in_use, statistics, x, residual, y),
                },
            );
        });
        Ok(())
    }

    #[inline(always)]
    fn block_forward<const LANES: usize>(
        &self,
        in_use: usize,
        statistics: &Statistics,
        x: &[f32],
        residual: Option<&[f32]>,
        mut y: Out<'_>,
    ) {
        // What every value is compared with: zero, or nothing that it could be less than.
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        for channel in 0..self.frame.channels {
            let [scale, shift] = self.line(statistics, channel);
            let (scale, shift) = (spread::<LANES>(scale, in_use), spread::<LANES>(shift, in_use));
            for row in rows(&self.frame, channel) {
                let pixels = x[row.clone()].chunks_exact(LANES);
                let to = y.row(&row).chunks_exact_mut(LANES);
                match residual {
                    Some(residual) => {
                        let residual = residual[row.clone()].chunks_exact(LANES);
                        for ((x, residual), y) in pixels.zip(residual).zip(to) {
                            for lane in 0..LANES {
                                let z = x[lane] * scale[lane] + (shift[lane] + residual[lane]);
                                y[lane] = if z < floor { floor } else { z };
                            }
                        }
                    }
                    None => {
                        for (x, y) in pixels.zip(to) {
                            for lane in 0..LANES {
                                let z = x[lane] * scale[lane] + shift[lane];
                                y[lane] = if z < floor { floor } else { z };
                            }
                        }
                    }
                }
                y.done(&row);
            }
        }
        y.finish();
    }

    /// What a channel's values are multiplied with, and what is added then.
    pub(super) fn line(&self, statistics: &Statistics, channel: usize) -> [f64; 2] {
        let scale = self.scale(statistics, channel);
        [scale, f64::from(self.bias[channel]) - statistics.mean[channel] * scale]
    }

    /// What a channel's values are multiplied with.
    pub(super) fn scale(&self, statistics: &Statistics, channel: usize) -> f64 {
        f64::from(self.weight[channel]) / (statistics.variance[channel] + self.epsilon).sqrt()
    }
}
