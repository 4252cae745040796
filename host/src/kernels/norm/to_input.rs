//! The second pass of the backward pass: the gradient to the input.

use super::Norm;
use super::cut::Cut;
use super::sums::Statistics;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::isa;
use crate::kernels::micro::norm::{self, Gradient, Lanes};
use crate::kernels::threads::Threads;

/// Gives the gradient to the input, any part of the images by itself, now that the sums over all of
/// them are known:
/// `to_x = scale · (gradient − mean gradient − (x − mean) · mean product / variance)`.
#[derive(Clone, Debug)]
pub struct ToInput {
    cut: Cut,
    /// Numbers of all images.
    len: usize,
    gate: u8,
    scale: Vec<Lanes>,
    shift: Vec<Lanes>,
    slope: Vec<Lanes>,
    constant: Vec<Lanes>,
    mean: Vec<Lanes>,
}

impl ToInput {
    pub(super) fn new(
        norm: &Norm<'_>,
        cut: Cut,
        images: usize,
        statistics: &Statistics,
        sums: &[[f64; 2]],
        gate: u8,
    ) -> Self {
        let count = norm.count(images);
        let [scale, shift] = norm.lines(&cut, statistics);
        let slope = cut.table(|channel| {
            let variance = statistics.variance[channel] + norm.epsilon;
            -norm.scale(statistics, channel) * sums[channel][1] / count / variance
        });
        let constant =
            cut.table(|channel| -norm.scale(statistics, channel) * sums[channel][0] / count);
        let mean = cut.table(|channel| statistics.mean[channel]);
        let len = norm.layout.len(images);
        Self { cut, len, gate, scale, shift, slope, constant, mean }
    }

    /// All of it. `gradient` is the output's, or the one that was left in the room for it. Margins
    /// are left as they are; lanes without an image become zero.
    ///
    /// # Errors
    /// When a slice has another length than the layout says.
    pub fn all(
        &self,
        x: &[f32],
        gradient: &[f32],
        to_x: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check(x, gradient)?;
        let (cut, len) = (&self.cut, to_x.len());
        check_length("the norm's input gradient", len, self.len)?;
        threads.run(cut.of_mut(to_x).enumerate().collect(), |(part, to_x)| {
            let stream = cut.goes_past(len, to_x);
            self.run(part, x, gradient, to_x, stream);
            if stream {
                isa::fence();
            }
        });
        Ok(())
    }

    /// # Errors
    /// When a slice has another length than the layout says.
    pub fn check(&self, x: &[f32], gradient: &[f32]) -> Result<(), KernelError> {
        check_length("the norm's input", x.len(), self.len)?;
        check_length("the norm's gradient", gradient.len(), self.len)
    }

    /// That of one block of images, whose place is `to_x`. The others are whole.
    pub fn block(&self, block: usize, x: &[f32], gradient: &[f32], to_x: &mut [f32]) {
        self.run(block, x, gradient, &mut to_x[..self.cut.part], false);
    }

    fn run(&self, part: usize, x: &[f32], gradient: &[f32], to_x: &mut [f32], stream: bool) {
        let cut = &self.cut;
        let [x, gradient] = [x, gradient].map(|all| cut.of(part, all));
        for tiles in cut.groups() {
            let at = cut.at(tiles.start);
            let job = norm::ToInput {
                given: Gradient {
                    plane: cut.plane(part),
                    x: x[at..].as_ptr(),
                    to_y: gradient[at..].as_ptr(),
                    scale: &cut.in_use(part, &self.scale[tiles.clone()]),
                    shift: &cut.in_use(part, &self.shift[tiles.clone()]),
                    mean: &self.mean[tiles.clone()],
                },
                slope: &cut.in_use(part, &self.slope[tiles.clone()]),
                constant: &cut.in_use(part, &self.constant[tiles.clone()]),
                to_x: to_x[at..].as_mut_ptr(),
                stream,
            };
            // SAFETY: the norm was made for these instructions; all three slices are a part long, so
            // that every register of every tile is there.
            unsafe { (cut.kernels().to_input[usize::from(self.gate)])(&job) };
        }
    }
}
