//! All gradients: two passes, one for the sums over each channel, one for the input's gradient.

use super::Norm;
use super::rows::{Out, lanes_in_use, rows, spread};
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
    /// the output's behind the ReLU), to weight and bias. `y` is the forward pass's output; it may
    /// be left out where nothing was added behind the norm, since what the ReLU let through then
    /// follows from `x`, and reading less is faster.
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
        y: Option<&[f32]>,
        to_y: &[f32],
        to_x: &mut [f32],
        to_residual: Option<&mut [f32]>,
        threads: &Threads,
    ) -> Result<Gradients, KernelError> {
        let residual_len = to_residual.as_ref().map_or(x.len(), |slice| slice.len());
        let slices = [
            ("the norm's input", x.len()),
            ("the norm's output", y.map_or(x.len(), <[f32]>::len)),
            ("the norm's output gradient", to_y.len()),
            ("the norm's input gradient", to_x.len()),
            ("the residual's gradient", residual_len),
        ];
        self.check(images, &slices)?;
        let frame = &self.frame;
        // Per channel: the sum of the gradient, and of its product with x − mean.
        let given = Given { statistics, x, y, to_y };
        let gate = if !self.relu {
            OPEN
        } else if y.is_some() {
            OUTPUT
        } else {
            INPUT
        };
        // Inlined, or it would be compiled without the unit's instructions.
        let sums = self.sums(
            images,
            threads,
            #[inline(always)]
            |block: usize, channel: usize| match (frame.lanes, gate) {
                (16, OPEN) => self.gradient_sums::<16, OPEN>(block, channel, given),
                (16, OUTPUT) => self.gradient_sums::<16, OUTPUT>(block, channel, given),
                (16, _) => self.gradient_sums::<16, INPUT>(block, channel, given),
                (_, OPEN) => self.gradient_sums::<8, OPEN>(block, channel, given),
                (_, OUTPUT) => self.gradient_sums::<8, OUTPUT>(block, channel, given),
                (_, _) => self.gradient_sums::<8, INPUT>(block, channel, given),
            },
        );

        let len = to_x.len();
        let blocks = to_x[frame.lead()..].chunks_exact_mut(frame.block());
        let residuals: Vec<Option<&mut [f32]>> = match to_residual {
            Some(slice) => {
                slice[frame.lead()..].chunks_exact_mut(frame.block()).map(Some).collect()
            }
            None => std::iter::repeat_with(|| None).take(frame.blocks(images)).collect(),
        };
        let parts: Vec<_> = blocks.zip(residuals).enumerate().collect();
        threads.run(parts, |(block, (to_x, to_residual))| {
            let given = given.from(frame.lead() + block * frame.block());
            let count = self.count(images);
            let in_use = lanes_in_use(frame, images, block);
            let out = |all| Out::new(frame, len, all);
            let (to_x, to_residual) = (out(to_x), to_residual.map(out));
            Isa::best().run(
                #[inline(always)]
                || {
                    let (around, to) = ((in_use, count, &sums[..]), (to_x, to_residual));
                    match (frame.lanes, gate) {
                        (16, OPEN) => self.block_backward::<16, OPEN>(around, given, to),
                        (16, OUTPUT) => self.block_backward::<16, OUTPUT>(around, given, to),
                        (16, _) => self.block_backward::<16, INPUT>(around, given, to),
                        (_, OPEN) => self.block_backward::<8, OPEN>(around, given, to),
                        (_, OUTPUT) => self.block_backward::<8, OUTPUT>(around, given, to),
                        (_, _) => self.block_backward::<8, INPUT>(around, given, to),
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
    fn gradient_sums<const LANES: usize, const GATE: u8>(
        &self,
        block: usize,
        channel: usize,
        given: Given<'_>,
    ) -> [[f64; 16]; 2] {
        let Given { statistics, x, y, to_y } =
            given.from(self.frame.lead() + block * self.frame.block());
        let gate = self.gate::<LANES>(statistics, channel, LANES);
        let mean = statistics.mean[channel] as f32;
        let mut totals = [[0.0; 16]; 2];
        for row in rows(&self.frame, channel) {
            let mut sums = [[0.0f32; LANES]; 2];
            let y = if GATE == OUTPUT { y.unwrap_or(x) } else { x };
            let pixels = x[row.clone()].chunks_exact(LANES);
            let pixels = pixels.zip(y[row.clone()].chunks_exact(LANES));
            for ((x, y), to_y) in pixels.zip(to_y[row].chunks_exact(LANES)) {
                for lane in 0..LANES {
                    let open = gate.is_open::<GATE>(x[lane], y[lane], lane);
                    let gradient = if open { to_y[lane] } else { 0.0 };
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
    fn block_backward<const LANES: usize, const GATE: u8>(
        &self,
        (in_use, count, sums): (usize, f64, &[[f64; 2]]),
        Given { statistics, x, y, to_y }: Given<'_>,
        (mut to_x, mut to_residual): (Out<'_>, Option<Out<'_>>),
    ) {
        let y = if GATE == OUTPUT { y.unwrap_or(x) } else { x };
        for (channel, [sum, product]) in sums.iter().enumerate() {
            let scale = self.scale(statistics, channel);
            let slope = -scale * product / count / (statistics.variance[channel] + self.epsilon);
            let gate = self.gate::<LANES>(statistics, channel, in_use);
            let constant = spread::<LANES>(-scale * sum / count, in_use);
            let (scale, slope) = (spread::<LANES>(scale, in_use), spread::<LANES>(slope, in_use));
            let mean = statistics.mean[channel] as f32;
            for row in rows(&self.frame, channel) {
                let pixels = x[row.clone()].chunks_exact(LANES);
                let pixels = pixels.zip(y[row.clone()].chunks_exact(LANES));
                let pixels = pixels.zip(to_y[row.clone()].chunks_exact(LANES));
                let pixels = pixels.zip(to_x.row(&row).chunks_exact_mut(LANES));
                let gradient_of = |x: f32, y: f32, to_y: f32, lane: usize| {
                    if gate.is_open::<GATE>(x, y, lane) { to_y } else { 0.0 }
                };
                let of_x = |x: f32, gradient: f32, lane: usize| {
                    scale[lane] * gradient + (slope[lane] * (x - mean) + constant[lane])
                };
                match &mut to_residual {
                    None => {
                        for (((x, y), to_y), to_x) in pixels {
                            for lane in 0..LANES {
                                let gradient = gradient_of(x[lane], y[lane], to_y[lane], lane);
                                to_x[lane] = of_x(x[lane], gradient, lane);
                            }
                        }
                    }
                    Some(to_residual) => {
                        let pixels = pixels.zip(to_residual.row(&row).chunks_exact_mut(LANES));
                        for ((((x, y), to_y), to_x), to_residual) in pixels {
                            for lane in 0..LANES {
                                let gradient = gradient_of(x[lane], y[lane], to_y[lane], lane);
                                to_residual[lane] = gradient;
                                to_x[lane] = of_x(x[lane], gradient, lane);
                            }
                        }
                    }
                }
                to_x.done(&row);
                if let Some(to_residual) = &mut to_residual {
                    to_residual.done(&row);
                }
            }
        }
        to_x.finish();
        if let Some(to_residual) = to_residual {
            to_residual.finish();
        }
    }

    fn gate<const LANES: usize>(
        &self,
        statistics: &Statistics,
        channel: usize,
        in_use: usize,
    ) -> Gate<LANES> {
        let [scale, shift] = self.line(statistics, channel);
        Gate { scale: spread(scale, in_use), shift: spread(shift, in_use) }
    }
}

/// Everything lets its gradient through.
const OPEN: u8 = 0;
/// What the output shows.
const OUTPUT: u8 = 1;
/// What the input shows, as the forward pass computed it.
const INPUT: u8 = 2;

/// Where the ReLU let something through.
struct Gate<const LANES: usize> {
    scale: [f32; LANES],
    shift: [f32; LANES],
}

impl<const LANES: usize> Gate<LANES> {
    #[inline(always)]
    fn is_open<const GATE: u8>(&self, x: f32, y: f32, lane: usize) -> bool {
        match GATE {
            OPEN => true,
            OUTPUT => y > 0.0,
            _ => x * self.scale[lane] + self.shift[lane] > 0.0,
        }
    }
}

/// What the backward pass reads.
#[derive(Clone, Copy)]
struct Given<'a> {
    statistics: &'a Statistics,
    x: &'a [f32],
    y: Option<&'a [f32]>,
    to_y: &'a [f32],
}

impl<'a> Given<'a> {
    fn from(self, place: usize) -> Self {
        let Self { statistics, x, y, to_y } = self;
        Self { statistics, x: &x[place..], y: y.map(|y| &y[place..]), to_y: &to_y[place..] }
    }
}
