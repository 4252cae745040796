//! The first pass of the backward pass: the sums over each channel.

use super::sums::Statistics;
use super::to_input::ToInput;
use super::{Norm, Open};
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::isa;
use crate::kernels::micro::norm::{BESIDE, BITS, Beside, Gradient, INPUT, OPEN};
use crate::kernels::threads::Threads;
use std::ptr::{null, null_mut};

/// Per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Norm<'_> {
    /// The gradients to weight and bias, and what the one to the input is made with.
    ///
    /// What a ReLU let through follows from `x`, unless something was added behind the norm: then
    /// `open` is what the forward pass told, with room for the gradient behind the ReLU, which is
    /// that of the residual branch, and which the input's gradient is made from.
    ///
    /// # Errors
    /// When a slice has another length than the layout says.
    pub fn backward(
        &self,
        images: usize,
        statistics: &Statistics,
        x: &[f32],
        open: Option<(&Open, &mut [f32])>,
        to_y: &[f32],
        threads: &Threads,
    ) -> Result<(Gradients, ToInput), KernelError> {
        let slices = [("the norm's input", x.len()), ("the norm's output gradient", to_y.len())];
        let cut = self.cut(images, &slices)?;
        let (bits, gated) = match open {
            Some((open, gated)) => {
                let len = self.layout.len(images);
                check_length("the residual's gradient", gated.len(), len)?;
                (Some(open.of(&cut)?), Some(gated))
            }
            None => (None, None),
        };
        let sums_gate = match (self.relu, &bits) {
            (_, Some(_)) => BITS,
            (true, None) => INPUT,
            (false, None) => OPEN,
        };
        let len = to_y.len();
        let mut gated = gated.map(|all| cut.of_mut(all));
        let given = (0..cut.parts).map(|_| gated.as_mut().and_then(Iterator::next)).collect();
        let [scales, shifts] = self.lines(&cut, statistics);
        let means = cut.table(|channel| statistics.mean[channel]);
        let sums = cut.sums(given, threads, |part, mut gated, sums| {
            let [x, to_y] = [x, to_y].map(|all| cut.of(part, all));
            let stream = gated.as_deref().is_some_and(|first| cut.goes_past(len, first));
            for tiles in cut.groups() {
                let (at, first) = (cut.at(tiles.start), tiles.start);
                let job = Gradient {
                    plane: cut.plane(part),
                    x: x[at..].as_ptr(),
                    to_y: to_y[at..].as_ptr(),
                    scale: &cut.in_use(part, &scales[tiles.clone()]),
                    shift: &cut.in_use(part, &shifts[tiles.clone()]),
                    mean: &means[tiles],
                };
                let bit = part * Open::part(&cut) + first * cut.pixels();
                let beside = Beside {
                    open: bits.map_or(null(), |bits| bits[bit..].as_ptr()),
                    gradient: gated.as_mut().map_or(null_mut(), |all| all[at..].as_mut_ptr()),
                    stream,
                };
                let totals = &mut [[[0.0; 16]; 2]; BESIDE][..cut.together];
                // SAFETY: the processor has the instructions; all slices are a part long, so that
                // every register of every tile is there, and this thread alone writes this part.
                unsafe { (cut.kernels().sums[usize::from(sums_gate)])(&job, beside, totals) };
                cut.add(part, first, totals, sums);
            }
            if stream {
                isa::fence();
            }
        });
        let weight = sums
            .iter()
            .zip(&statistics.variance)
            .map(|([_, product], variance)| (product / (variance + self.epsilon).sqrt()) as f32);
        let bias = sums.iter().map(|[sum, _]| *sum as f32);
        let gradients = Gradients { weight: weight.collect(), bias: bias.collect() };
        // Behind the ReLU everything lets its gradient through.
        let gate = if sums_gate == INPUT { INPUT } else { OPEN };
        Ok((gradients, ToInput::new(self, cut, images, statistics, &sums, gate)))
    }
}
