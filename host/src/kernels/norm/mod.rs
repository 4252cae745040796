//! Batch norm, ReLU and the addition of a residual branch, fused, in the blocked layout.
//!
//! Training: `z = (x − mean) / √(variance + ε) · weight + bias`, then `y = z + residual` where there
//! is one, then `y = max(y, 0)` where asked. Mean and variance are those of the batch.

mod backward;
mod forward;
mod moments;
mod open;
mod rows;
mod sums;
mod to_input;

use super::error::{KernelError, check_length};
use super::frame::Frame;
use super::isa::Isa;

pub use backward::Gradients;
pub use moments::Moments;
pub use open::Open;
pub use sums::Statistics;
pub use sums::channel_sums;
pub use to_input::ToInput;

/// Batch norm over the channels of a frame.
#[derive(Clone, Copy)]
pub struct Norm<'a> {
    pub frame: Frame,
    /// One number per channel each.
    pub weight: &'a [f32],
    pub bias: &'a [f32],
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether `max(·, 0)` follows.
    pub relu: bool,
}

impl Norm<'_> {
    /// The instructions to compute with, where all is as it must be.
    fn check(&self, images: usize, slices: &[(&'static str, usize)]) -> Result<Isa, KernelError> {
        let Some(isa) = Isa::with_lanes(self.frame.lanes) else {
            let what = format!("blocks of {} images", self.frame.lanes);
            return Err(KernelError::Shape { what });
        };
        if self.count(images) == 0.0 {
            return Err(KernelError::Shape { what: "a norm of no pixels".into() });
        }
        check_length("the norm's weight", self.weight.len(), self.frame.channels)?;
        check_length("the norm's bias", self.bias.len(), self.frame.channels)?;
        for &(what, len) in slices {
            check_length(what, len, self.frame.len(images))?;
        }
        Ok(isa)
    }

    /// Pixels of a channel in all images.
    fn count(&self, images: usize) -> f64 {
        (images * self.frame.height * self.frame.width) as f64
    }
}
