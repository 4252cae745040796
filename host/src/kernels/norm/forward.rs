//! Normalise, scale, add the residual branch, and what follows: one pass.

use super::cut::Cut;
use super::sums::Statistics;
use super::{Norm, Open};
use crate::kernels::error::KernelError;
use crate::kernels::isa;
use crate::kernels::micro::norm::{Lanes, Normalise};
use crate::kernels::threads::Threads;
use std::ptr::{null, null_mut};

impl Norm<'_> {
    /// The output for a batch with these statistics. Margins are left as they are; lanes without
    /// an image become zero. `open` is told where the ReLU lets something through, which the
    /// backward pass asks for where a residual branch was added.
    ///
    /// # Errors
    /// When a slice has another length than the layout says.
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
        let cut = self.cut(images, &slices)?;
        let len = y.len();
        let open = open.map(|open| open.reset(&cut)).unwrap_or_default();
        let mut bits = open.chunks_exact_mut(Open::part(&cut));
        let [scales, shifts] = self.lines(&cut, statistics);
        let parts: Vec<_> = cut.of_mut(y).map(|y| (y, bits.next())).enumerate().collect();
        let function = self.after.function();
        threads.run(parts, |(part, (y, mut open))| {
            let x = cut.of(part, x);
            // A function reads what was written just before.
            let stream = function.is_none() && cut.goes_past(len, y);
            let residual = residual.map(|residual| cut.of(part, residual));
            for stage in cut.stages(part) {
                for tiles in cut.groups_of(&stage) {
                    let at = cut.at(tiles.start);
                    let job = Normalise {
                        plane: cut.plane(part),
                        x: x[at..].as_ptr(),
                        residual: residual.map_or(null(), |residual| residual[at..].as_ptr()),
                        y: y[at..].as_mut_ptr(),
                        open: open.as_mut().map_or(null_mut(), |open| {
                            open[tiles.start * cut.pixels()..].as_mut_ptr()
                        }),
                        scale: &cut.in_use(part, &scales[tiles.clone()]),
                        shift: &cut.in_use(part, &shifts[tiles]),
                        relu: self.after.is_relu(),
                        stream,
                    };
                    // SAFETY: the processor has the instructions; all slices are a part long, so that
                    // every register of every tile is there.
                    unsafe { (cut.kernels().normalise)(&job) };
                }
                if let Some(function) = function {
                    let numbers = &mut y[stage.at..][..stage.len()];
                    function.in_place(numbers, stage.rows());
                    cut.clear_unused(part, &stage, numbers);
                }
            }
            if stream {
                isa::fence();
            }
        });
        Ok(())
    }

    /// What a channel's values are multiplied with, and what is added then.
    pub(in crate::kernels) fn line(&self, statistics: &Statistics, channel: usize) -> [f64; 2] {
        let scale = self.scale(statistics, channel);
        [scale, f64::from(self.bias[channel]) - statistics.mean[channel] * scale]
    }

    /// The same for each tile.
    pub(super) fn lines(&self, cut: &Cut, statistics: &Statistics) -> [Vec<Lanes>; 2] {
        [0, 1].map(|which| cut.table(|channel| self.line(statistics, channel)[which]))
    }

    /// What a channel's values are multiplied with.
    pub(super) fn scale(&self, statistics: &Statistics, channel: usize) -> f64 {
        f64::from(self.weight[channel]) / (statistics.variance[channel] + self.epsilon).sqrt()
    }
}
