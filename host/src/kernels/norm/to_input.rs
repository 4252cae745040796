//! The second pass of the backward pass: the gradient to the input.

use super::Norm;
use super::rows::{goes_past, lanes_in_use, of_block, place, plane, spread};
use super::sums::Statistics;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::frame::Frame;
use crate::kernels::isa::{self, Isa};
use crate::kernels::micro::norm::{self, Gradient};
use crate::kernels::threads::Threads;

/// Gives the gradient to the input, any block of images by itself, now that the sums over all of
/// them are known:
/// `to_x = scale · (gradient − mean gradient − (x − mean) · mean product / variance)`.
#[derive(Clone, Debug)]
pub struct ToInput {
    frame: Frame,
    isa: Isa,
    images: usize,
    gate: u8,
    channels: Vec<Line>,
}

/// Of one channel.
#[derive(Clone, Copy, Debug)]
struct Line {
    scale: f64,
    shift: f64,
    slope: f64,
    constant: f64,
    mean: f32,
}

impl ToInput {
    pub(super) fn new(
        norm: &Norm<'_>,
        isa: Isa,
        images: usize,
        statistics: &Statistics,
        sums: &[[f64; 2]],
        gate: u8,
    ) -> Self {
        let count = norm.count(images);
        let line = |(channel, [sum, product]): (usize, &[f64; 2])| {
            let [scale, shift] = norm.line(statistics, channel);
            let variance = statistics.variance[channel] + norm.epsilon;
            Line {
                scale,
                shift,
                slope: -scale * product / count / variance,
                constant: -scale * sum / count,
                mean: statistics.mean[channel] as f32,
            }
        };
        let channels = sums.iter().enumerate().map(line).collect();
        Self { frame: norm.frame, isa, images, gate, channels }
    }

    /// All of it. `gradient` is the output's, or the one behind the ReLU where that was made. Margins
    /// are left as they are; lanes without an image become zero.
    ///
    /// # Errors
    /// When a slice has another length than the frame says.
    pub fn all(
        &self,
        x: &[f32],
        gradient: &[f32],
        to_x: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check(x, gradient)?;
        let (frame, len) = (&self.frame, to_x.len());
        check_length("the norm's input gradient", len, frame.len(self.images))?;
        let blocks = to_x[frame.lead()..].chunks_exact_mut(frame.block());
        threads.run(blocks.enumerate().collect(), |(block, to_x)| {
            let stream = goes_past(frame, len, to_x);
            self.run(block, x, gradient, to_x, stream);
            if stream {
                isa::fence();
            }
        });
        Ok(())
    }

    /// # Errors
    /// When a slice has another length than the frame says.
    pub fn check(&self, x: &[f32], gradient: &[f32]) -> Result<(), KernelError> {
        let len = self.frame.len(self.images);
        check_length("the norm's input", x.len(), len)?;
        check_length("the norm's gradient", gradient.len(), len)
    }

    /// That of one block, whose place is `to_x`. The others are whole.
    pub fn block(&self, block: usize, x: &[f32], gradient: &[f32], to_x: &mut [f32]) {
        self.run(block, x, gradient, to_x, false);
    }

    fn run(&self, block: usize, x: &[f32], gradient: &[f32], to_x: &mut [f32], stream: bool) {
        let frame = &self.frame;
        let in_use = lanes_in_use(frame, self.images, block);
        let [x, gradient] = [x, gradient].map(|all| of_block(frame, block, all));
        let to_x = &mut to_x[..frame.block()];
        for (channel, line) in self.channels.iter().enumerate() {
            let at = place(frame, channel);
            let job = norm::ToInput {
                given: Gradient {
                    plane: plane(frame),
                    x: x[at..].as_ptr(),
                    to_y: gradient[at..].as_ptr(),
                    scale: &spread(line.scale, in_use),
                    shift: &spread(line.shift, in_use),
                    mean: line.mean,
                },
                slope: &spread(line.slope, in_use),
                constant: &spread(line.constant, in_use),
                to_x: to_x[at..].as_mut_ptr(),
                stream,
            };
            // SAFETY: the norm was made for these instructions; all three slices are a block long,
            // so that every pixel of every channel is there.
            unsafe { (self.isa.norm().to_input[usize::from(self.gate)])(&job) };
        }
    }
}
