//! Where a ReLU let something through: one bit for each number, a thirty-second of the output.

use crate::kernels::error::{KernelError, check_length};
use crate::kernels::frame::Frame;

/// By block of images, channel and pixel; a bit for each lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Open(Vec<u16>);

impl Open {
    fn len(frame: &Frame, images: usize) -> usize {
        frame.blocks(images) * frame.channels * frame.height * frame.width
    }

    /// Room for so many images; what it holds means nothing yet.
    pub(super) fn reset(&mut self, frame: &Frame, images: usize) -> &mut [u16] {
        self.0.resize(Self::len(frame, images), 0);
        &mut self.0
    }

    /// # Errors
    /// When it was made for other images.
    pub(super) fn of(&self, frame: &Frame, images: usize) -> Result<&[u16], KernelError> {
        check_length("what the ReLU let through", self.0.len(), Self::len(frame, images))?;
        Ok(&self.0)
    }
}
