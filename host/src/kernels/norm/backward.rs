//! The first pass of the backward pass: the sums over each channel.

use super::after::Through;
use super::sums::Statistics;
use super::to_input::ToInput;
use super::{After, Norm, Open};
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

/// What says, beside the norm's input, how much of the output's gradient comes through the activation,
/// and room for that gradient: it is the residual branch's, and the input's is made from it.
pub enum Behind<'a> {
    /// There is no activation, or a ReLU without a branch: the input is enough, and no room is needed.
    Input,
    /// A ReLU behind a branch: what the forward pass told.
    Told(&'a Open, &'a mut [f32]),
    /// A function, behind this branch where there is one.
    Function(Option<&'a [f32]>, &'a mut [f32]),
}

impl Norm<'_> {
    /// The gradients to weight and bias, and what the one to the input is made with.
    ///
    /// # Errors
    /// When a slice has another length than the layout says, or `behind` does not fit what follows.
    pub fn backward(
        &self,
        images: usize,
        statistics: &Statistics,
        x: &[f32],
        behind: Behind<'_>,
        to_y: &[f32],
        threads: &Threads,
    ) -> Result<(Gradients, ToInput), KernelError> {
        let slices = [("the norm's input", x.len()), ("the norm's output gradient", to_y.len())];
        let cut = self.cut(images, &slices)?;
        let [scales, shifts] = &self.lines(&cut, statistics);
        let (mut bits, mut through, mut gated) = (None, None, None);
        match (behind, self.after) {
            (Behind::Input, After::Nothing | After::Relu) => {}
            (Behind::Told(open, room), After::Relu) => {
                (bits, gated) = (Some(open.of(&cut)?), Some(room));
            }
            (Behind::Function(branch, room), After::Function(function)) => {
                check_length("the residual", branch.map_or(x.len(), <[f32]>::len), x.len())?;
                through = Some(Through { function, branch, scales, shifts });
                gated = Some(room);
            }
            _ => {
                return Err(KernelError::Shape {
                    what: "the gradient of such an activation".into(),
                });
            }
        }
        if let Some(room) = &gated {
            check_length("the residual's gradient", room.len(), self.layout.len(images))?;
        }
        let sums_gate = match (self.after.is_relu(), &bits) {
            (_, Some(_)) => BITS,
            (true, None) => INPUT,
            (false, None) => OPEN,
        };
        let len = to_y.len();
        let mut gated = gated.map(|all| cut.of_mut(all));
        let given = (0..cut.parts).map(|_| gated.as_mut().and_then(Iterator::next)).collect();
        let means = cut.table(|channel| statistics.mean[channel]);
        let sums = cut.sums(given, threads, |part, mut gated, sums| {
            let [x, to_y] = [x, to_y].map(|all| cut.of(part, all));
            let stream =
                bits.is_some() && gated.as_deref().is_some_and(|first| cut.goes_past(len, first));
            let mut z = Vec::new();
            for stage in cut.stages(part) {
                let (to_y, beside) = match (&through, gated.as_deref_mut()) {
                    (Some(through), Some(gated)) => {
                        through.stage(&cut, part, &stage, x, to_y, &mut z, gated);
                        (&*gated, null_mut())
                    }
                    (None, Some(gated)) => (to_y, gated.as_mut_ptr()),
                    (_, None) => (to_y, null_mut()),
                };
                for tiles in cut.groups_of(&stage) {
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
                        gradient: beside.wrapping_add(at),
                        stream,
                    };
                    let totals = &mut [[[0.0; 16]; 2]; BESIDE][..cut.together];
                    // SAFETY: the processor has the instructions; all slices are a part long, so that
                    // every register of every tile is there, and this thread alone writes this part.
                    unsafe { (cut.kernels().sums[usize::from(sums_gate)])(&job, beside, totals) };
                    cut.add(part, first, totals, sums);
                }
            }
            if stream {
                isa::fence();
            }
        });
        let gradients = self.gradients(statistics, &sums);
        // Where it was left in that room, it is through.
        let gate = if sums_gate == INPUT { INPUT } else { OPEN };
        Ok((gradients, ToInput::new(self, cut, images, statistics, &sums, gate)))
    }

    /// Those to weight and bias, from the sums of each channel.
    fn gradients(&self, statistics: &Statistics, sums: &[[f64; 2]]) -> Gradients {
        let weight = sums
            .iter()
            .zip(&statistics.variance)
            .map(|([_, product], variance)| (product / (variance + self.epsilon).sqrt()) as f32);
        let bias = sums.iter().map(|[sum, _]| *sum as f32);
        Gradients { weight: weight.collect(), bias: bias.collect() }
    }

    /// The same and what makes the gradient to the input, where the one in front of the activation and
    /// its sums are known already.
    ///
    /// # Errors
    /// For images that there are no kernels for.
    pub(in crate::kernels) fn with_sums(
        &self,
        images: usize,
        statistics: &Statistics,
        sums: &[[f64; 2]],
    ) -> Result<(Gradients, ToInput), KernelError> {
        let cut = self.cut(images, &[])?;
        let rest = ToInput::new(self, cut, images, statistics, sums, OPEN);
        Ok((self.gradients(statistics, sums), rest))
    }
}
