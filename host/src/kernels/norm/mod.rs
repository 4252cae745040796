//! Batch norm, the addition of a residual branch and the activation, fused: in the blocked layout, and over
//! images as PyTorch has them.
//!
//! Training: `z = (x − mean) / √(variance + ε) · weight + bias`, then `z + residual` where there is
//! one, then `max(·, 0)` or another function of one number where asked. Mean and variance are those
//! of the batch.

mod after;
mod backward;
mod cut;
mod forward;
mod layout;
mod moments;
mod open;
mod sums;
mod to_input;

use self::cut::Cut;
use super::error::{KernelError, check_length};

pub use after::After;
pub use backward::{Behind, Gradients};
pub use layout::{Layout, Plain};
pub use moments::Moments;
pub use open::Open;
pub use sums::Statistics;
pub use sums::channel_sums;
pub use to_input::ToInput;

/// Batch norm over the channels of images.
#[derive(Clone, Copy)]
pub struct Norm<'a> {
    pub layout: Layout,
    /// One number per channel each.
    pub weight: &'a [f32],
    pub bias: &'a [f32],
    /// Added to the variance.
    pub epsilon: f64,
    /// What follows.
    pub after: After<'a>,
}

impl Norm<'_> {
    /// How to go over the images, where all is as it must be.
    fn cut(&self, images: usize, slices: &[(&'static str, usize)]) -> Result<Cut, KernelError> {
        if self.layout.channels() == 0 || self.count(images) == 0.0 {
            return Err(KernelError::Shape { what: "a norm of no pixels".into() });
        }
        let cut = Cut::new(&self.layout, images)?;
        check_length("the norm's weight", self.weight.len(), self.layout.channels())?;
        check_length("the norm's bias", self.bias.len(), self.layout.channels())?;
        for &(what, len) in slices {
            check_length(what, len, self.layout.len(images))?;
        }
        Ok(cut)
    }

    /// Pixels of a channel in all images.
    fn count(&self, images: usize) -> f64 {
        (images * self.layout.pixels()) as f64
    }
}
