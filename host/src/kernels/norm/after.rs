//! What follows a norm, and where it is computed: on the numbers that a micro-kernel has just left in
//! the second cache.

use super::cut::{Cut, Stage};
use crate::kernels::micro::norm::{Lanes, Normalise};
use crate::kernels::pointwise::Pointwise;
use std::ptr::{null, null_mut};

/// What follows the norm, behind the residual branch where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum After<'a> {
    #[default]
    Nothing,
    /// `max(·, 0)`.
    Relu,
    Function(&'a Pointwise),
}

impl<'a> After<'a> {
    pub(in crate::kernels) fn is_relu(self) -> bool {
        matches!(self, Self::Relu)
    }

    pub(super) fn function(self) -> Option<&'a Pointwise> {
        match self {
            Self::Function(function) => Some(function),
            Self::Nothing | Self::Relu => None,
        }
    }
}

impl Cut {
    /// Lanes without an image hold zeros, whatever a function makes of zero.
    pub(super) fn clear_unused(&self, part: usize, stage: &Stage, numbers: &mut [f32]) {
        let (lanes, used) = (self.isa.lanes(), self.lanes(part));
        if used == lanes {
            return;
        }
        for row in stage.rows() {
            for register in numbers[row].chunks_exact_mut(lanes) {
                register[used..].fill(0.0);
            }
        }
    }
}

/// A function behind the norm, on the way back.
pub(super) struct Through<'a> {
    pub function: &'a Pointwise,
    /// All of it.
    pub branch: Option<&'a [f32]>,
    pub scales: &'a [Lanes],
    pub shifts: &'a [Lanes],
}

impl Through<'_> {
    /// The gradient in front of the function, of one stage of a part, into its place in `gated`. What
    /// the function is computed of is made once more, in `z`.
    #[allow(clippy::too_many_arguments)]
    pub fn stage(
        &self,
        cut: &Cut,
        part: usize,
        stage: &Stage,
        x: &[f32],
        to_y: &[f32],
        z: &mut Vec<f32>,
        gated: &mut [f32],
    ) {
        z.resize(z.len().max(stage.len()), 0.0);
        let branch = self.branch.map(|branch| cut.of(part, branch));
        for tiles in cut.groups_of(stage) {
            let at = cut.at(tiles.start);
            let job = Normalise {
                plane: cut.plane(part),
                x: x[at..].as_ptr(),
                residual: branch.map_or(null(), |branch| branch[at..].as_ptr()),
                y: z[at - stage.at..].as_mut_ptr(),
                open: null_mut(),
                scale: &cut.in_use(part, &self.scales[tiles.clone()]),
                shift: &cut.in_use(part, &self.shifts[tiles]),
                relu: false,
                stream: false,
            };
            // SAFETY: the processor has the instructions; `x` and `branch` are a part long, `z` is at
            // least a stage, so that every register of these tiles is there.
            unsafe { (cut.kernels().normalise)(&job) };
        }
        let own = stage.at..stage.at + stage.len();
        let gated = &mut gated[own.clone()];
        self.function.slopes(z, &to_y[own], gated, stage.rows());
        cut.clear_unused(part, stage, gated);
    }
}
