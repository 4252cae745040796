//! Where a ReLU let something through: one bit for each number, with sixteen for a register.

use super::cut::Cut;
use crate::kernels::error::{KernelError, check_length};

/// By part, tile and register; a bit for each lane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Open(Vec<u16>);

impl Open {
    /// Bits of a part.
    pub(super) fn part(cut: &Cut) -> usize {
        cut.tiles * cut.pixels()
    }

    /// Room for these images; what it holds means nothing yet.
    pub(super) fn reset(&mut self, cut: &Cut) -> &mut [u16] {
        self.0.resize(cut.parts * Self::part(cut), 0);
        &mut self.0
    }

    /// # Errors
    /// When it was made for other images.
    pub(super) fn of(&self, cut: &Cut) -> Result<&[u16], KernelError> {
        check_length("what the ReLU let through", self.0.len(), cut.parts * Self::part(cut))?;
        Ok(&self.0)
    }
}
