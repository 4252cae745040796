//! Normalise, scale, add the residual branch, ReLU: one pass.

use super::rows::{goes_past, lanes_in_use, of_block, place, plane, spread};
use super::sums::Statistics;
use super::{Norm, Open};
use crate::kernels::error::KernelError;
use crate::kernels::isa;
use crate::kernels::micro::norm::Normalise;
use crate::kernels::threads::Threads;
use std::ptr::{null, null_mut};

impl Norm<'_> {
    /// The output for a batch with these statistics. Margins are left as they are; lanes without
    /// an image become zero. `open` is told where the ReLU lets something through, which the
    /// backward pass asks for where a residual branch was added.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    #[allow(clippy::too_many_arguments)]
    pub fn forward(
        &self,
        images: usize,
        statistics: &Statistics,
        x: &[f32],
        residual: Option<&[f32]>,
        y: &mut [f32],
        open: Option<&mut Open>,
        threads: &Threads,
    ) -> Result<(), KernelError> {
        let residual_len = residual.map_or(x.len(), <[f32]>::len);
        let slices = [
            ("the norm's input", x.len()),
            ("the residual", residual_len),
            ("the norm's output", y.len()),
        ];
        let isa = self.check(images, &slices)?;
        let (frame, len) = (&self.frame, y.len());
        let open = open.map(|open| open.reset(frame, images)).unwrap_or_default();
        let mut bits = open.chunks_exact_mut(frame.channels * frame.height * frame.width);
        let blocks = y[frame.lead()..].chunks_exact_mut(frame.block());
        let parts: Vec<_> = blocks.map(|y| (y, bits.next())).enumerate().collect();
        threads.run(parts, |(block, (y, mut open))| {
            let (x, stream) = (of_block(frame, block, x), goes_past(frame, len, y));
            let residual = residual.map(|residual| of_block(frame, block, residual));
            let in_use = lanes_in_use(frame, images, block);
            for channel in 0..frame.channels {
                let [scale, shift] = self.line(statistics, channel);
                let (at, pixels) = (place(frame, channel), frame.height * frame.width);
                let job = Normalise {
                    plane: plane(frame),
                    x: x[at..].as_ptr(),
                    residual: residual.map_or(null(), |residual| residual[at..].as_ptr()),
                    y: y[at..].as_mut_ptr(),
                    open: open
                        .as_mut()
                        .map_or(null_mut(), |open| open[channel * pixels..].as_mut_ptr()),
                    scale: &spread(scale, in_use),
                    shift: &spread(shift, in_use),
                    relu: self.relu,
                    stream,
                };
                // SAFETY: the processor has `isa`; all slices are a block long, so that every pixel
                // of every channel is there.
                unsafe { (isa.norm().normalise)(&job) };
            }
            if stream {
                isa::fence();
            }
        });
        Ok(())
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
