//! What one training step sees.

use tch::{Kind, TchError, Tensor};

/// A batch before augmentation and normalisation, on one device.
#[derive(Debug)]
pub struct Batch {
    /// f32 `[N, C, H, W]` in [0, 1].
    pub images: Tensor,
    /// f32 `[N, classes]`, one-hot.
    pub targets: Tensor,
    /// i64 `[N]`: the samples' places in their split.
    pub indices: Tensor,
}

impl Batch {
    /// Makes floats of u8 images and targets of i64 labels.
    pub(super) fn new(
        images: &Tensor,
        labels: &Tensor,
        indices: Tensor,
        classes: usize,
    ) -> Result<Self, TchError> {
        // The divisor is a tensor, since CUDA would multiply by a number's rounded inverse, and the
        // CPU would not.
        let white = Tensor::f_full([1], 255.0, (Kind::Float, images.device()))?;
        let images = images.f_to_kind(Kind::Float)?.f_div(&white)?;
        let size = [labels.size().first().copied().unwrap_or(0), classes as i64];
        let mut targets = Tensor::f_zeros(size, (Kind::Float, labels.device()))?;
        let targets = targets.f_scatter_value_(1, &labels.f_unsqueeze(1)?, 1.0)?;
        Ok(Self { images, targets, indices })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.indices.size().first().map_or(0, |&n| n as usize)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
