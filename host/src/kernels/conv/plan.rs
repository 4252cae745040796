//! A convolution under a fixed mask: made once for a mask, used in every step.

use super::grid::Grid;
use super::lists::{Lists, backward_taps, forward_taps};
use super::shape::ConvShape;
use super::tiling::Tiling;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::frame::Frame;
use crate::kernels::isa::Isa;

/// Lists of the kept weights of one convolution, for all three passes.
pub struct Conv {
    pub(super) shape: ConvShape,
    pub(super) isa: Isa,
    pub(super) input: Frame,
    pub(super) output: Frame,
    /// Places of the kept weights in the dense weight, ascending.
    pub(super) kept: Vec<u32>,
    pub(super) forward: Lists,
    /// One for each remainder of the stride in each direction.
    pub(super) backward: Vec<Lists>,
    /// In the order of the forward lists, but blocked for its own loops.
    pub(super) weight: Lists,
}

/// How the loops of the three passes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tilings {
    pub forward: Tiling,
    pub input_gradient: Tiling,
    pub weight_gradient: Tiling,
}

impl Conv {
    /// The convolution with a mask over its dense weight (out × in / groups × height × width).
    ///
    /// Its input and output lie in frames with the margins given, which must be at least
    /// [`ConvShape::input_margin`] and [`ConvShape::output_margin`].
    ///
    /// # Errors
    /// When shape, mask, margins and processor do not go together.
    pub fn new(
        shape: ConvShape,
        mask: &[bool],
        isa: Isa,
        input_margin: [usize; 2],
        output_margin: [usize; 2],
    ) -> Result<Self, KernelError> {
        shape.check()?;
        let kept = mask.iter().filter(|&&kept| kept).count();
        let tilings = Tilings::choose(&shape, kept, isa);
        Self::with_tilings(shape, mask, isa, input_margin, output_margin, &tilings)
    }

    /// The same with loops of one's own choice; sizes that no kernel exists for are made smaller.
    ///
    /// # Errors
    /// As [`Conv::new`].
    pub fn with_tilings(
        shape: ConvShape,
        mask: &[bool],
        isa: Isa,
        input_margin: [usize; 2],
        output_margin: [usize; 2],
        tilings: &Tilings,
    ) -> Result<Self, KernelError> {
        shape.check()?;
        check_length("the mask", mask.len(), shape.weights())?;
        if !isa.is_there() {
            return Err(KernelError::NoSuchIsa { isa: format!("{isa:?}") });
        }
        let lanes = isa.lanes();
        let [height, width] = shape.image;
        let channels = shape.in_channels;
        let input = Frame::new(lanes, channels, height, width, input_margin);
        let [height, width] = shape.output();
        let channels = shape.out_channels;
        let output = Frame::new(lanes, channels, height, width, output_margin);
        check_frame("the input", &input, shape.input_margin())?;
        check_frame("the output's gradient", &output, shape.output_margin())?;

        let kept: Vec<u32> =
            (0..).zip(mask).filter(|&(_, &kept)| kept).map(|(index, _)| index).collect();
        let ahead =
            Grid { first: [0, 0], to_step: [1, 1], from_step: shape.stride, size: shape.output() };
        let forward_lists = |tiling: &Tiling| {
            let tiling = tiling.fit(isa, &shape, &ahead);
            Lists::new(ahead, tiling, shape.out_channels, &input, forward_taps(&shape, &kept))
        };
        let forward = forward_lists(&tilings.forward);
        let weight = forward_lists(&tilings.weight_gradient);
        let mut backward = Vec::new();
        for y in 0..shape.stride[0].min(shape.image[0]) {
            for x in 0..shape.stride[1].min(shape.image[1]) {
                let grid = Grid {
                    first: [y, x],
                    to_step: shape.stride,
                    from_step: [1, 1],
                    size: [0, 1].map(|axis| {
                        (shape.image[axis] - [y, x][axis]).div_ceil(shape.stride[axis])
                    }),
                };
                let tiling = tilings.input_gradient.fit(isa, &shape, &grid);
                let taps = backward_taps(&shape, &kept, [y, x]);
                backward.push(Lists::new(grid, tiling, shape.in_channels, &output, taps));
            }
        }
        Ok(Self { shape, isa, input, output, kept, forward, backward, weight })
    }

    pub fn shape(&self) -> &ConvShape {
        &self.shape
    }

    /// How the input and its gradient lie in memory.
    pub fn input(&self) -> &Frame {
        &self.input
    }

    /// How the output and its gradient lie in memory.
    pub fn output(&self) -> &Frame {
        &self.output
    }

    /// Places of the kept weights in the dense weight, ascending.
    pub fn kept(&self) -> &[u32] {
        &self.kept
    }

    /// The instructions it was made for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Takes over the values of a dense weight at the kept places: after every optimizer step.
    ///
    /// # Errors
    /// When it has another size than the mask.
    pub fn set_weights(&mut self, dense: &[f32]) -> Result<(), KernelError> {
        check_length("the weight", dense.len(), self.shape.weights())?;
        let kept: Vec<f32> = self.kept.iter().map(|&place| dense[place as usize]).collect();
        self.forward.refresh(&kept);
        for lists in &mut self.backward {
            lists.refresh(&kept);
        }
        Ok(())
    }
}

fn check_frame(what: &'static str, frame: &Frame, need: [usize; 2]) -> Result<(), KernelError> {
    if frame.margin[0] < need[0] || frame.margin[1] < need[1] {
        let words = |margin: [usize; 2]| format!("{} and {}", margin[0], margin[1]);
        return Err(KernelError::Margin { what, need: words(need), got: words(frame.margin) });
    }
    // Offsets of entries, and sums of them with a tap's place, are 32-bit.
    let numbers = frame.block() + frame.lead();
    if i32::try_from(numbers).is_err() {
        return Err(KernelError::TooLarge { numbers });
    }
    Ok(())
}
