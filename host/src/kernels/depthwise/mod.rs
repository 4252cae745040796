//! 3 × 3 convolutions of each channel by itself, over images whose channels are last, with a padding
//! of one: forward, and backward to input and weight in one pass.
//!
//! There is little to compute for each number that is read, so what counts is how often memory is
//! read and written. The backward pass goes over the rows of the input: the same rows of the
//! output's gradient say what comes to the input and, times the input, to the weight.
//!
//! A batch norm with a ReLU may come before, whose output is never in memory: it is made of the norm's
//! input wherever it is read, which spares a write and a read, and backward the pass also adds up what
//! the norm's gradient needs.
//!
//! Parts of a batch and the order of all sums are the same for any number of threads.

mod backward;
mod before;
mod forward;
mod pass;
mod rows;

use super::error::{KernelError, check_length};
use super::isa::{Isa, PAST};

pub use backward::Given;
pub use before::Before;

/// Rows and columns of the kernel.
const SIDE: usize = 3;
/// Places of the kernel.
const PLACES: usize = SIDE * SIDE;

/// Such a convolution's measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    pub channels: usize,
    /// Height and width of an input.
    pub image: [usize; 2],
    /// From one row or column of the input to the next that the kernel's middle meets: 1 or 2.
    pub stride: usize,
}

impl Depthwise {
    /// Whether there are kernels for it on this processor: channels fill whole registers.
    pub fn is_known(&self) -> bool {
        self.isa().is_ok()
    }

    /// Height and width of an output.
    pub fn output(&self) -> [usize; 2] {
        self.image.map(|side| side.div_ceil(self.stride.max(1)))
    }

    fn isa(&self) -> Result<Isa, KernelError> {
        let isa = Isa::best();
        let Self { channels, image: [height, width], stride } = *self;
        let fits = matches!(stride, 1 | 2)
            && channels * height * width > 0
            && channels.is_multiple_of(isa.lanes());
        let what = || {
            format!("{channels} channels of {height} × {width} by themselves in steps of {stride}")
        };
        fits.then_some(isa).ok_or_else(|| KernelError::Shape { what: what() })
    }

    /// Numbers of an image, before and after.
    fn sizes(&self) -> [usize; 2] {
        [self.image, self.output()].map(|[height, width]| height * width * self.channels)
    }

    fn check(
        &self,
        images: usize,
        slices: &[(&'static str, usize, usize)],
    ) -> Result<Isa, KernelError> {
        let isa = self.isa()?;
        for &(what, len, size) in slices {
            check_length(what, len, images * size)?;
        }
        Ok(isa)
    }

    /// Weights as PyTorch has them, `[channels, 1, 3, 3]`, by place of the kernel.
    fn by_place(&self, weight: &[f32]) -> Result<Vec<f32>, KernelError> {
        check_length("the weight", weight.len(), self.channels * PLACES)?;
        let of = |at: usize| weight[at % self.channels * PLACES + at / self.channels];
        Ok((0..weight.len()).map(of).collect())
    }
}

/// Whether results of so many numbers, of which these are some, go past the caches. Where a register
/// is a part of a line, lines would go there in parts.
fn goes_past(isa: Isa, len: usize, some: &[f32]) -> bool {
    const LINE: usize = 64;
    let is_line = isa.lanes() * size_of::<f32>() == LINE;
    is_line && len > PAST && (some.as_ptr() as usize).is_multiple_of(LINE)
}
