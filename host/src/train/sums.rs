//! What an epoch under way has summed up.

use tch::{Kind, Tensor};

use super::step::StepResult;

/// The sums of an epoch under way; on the device, so that no step waits for them.
pub struct Sums {
    loss: Tensor,
    correct: Tensor,
    images: u64,
}

impl Sums {
    /// From sums that were read before.
    pub fn new(loss: f64, correct: i64, images: u64, device: tch::Device) -> Self {
        Self {
            loss: Tensor::from(loss).to_device(device),
            correct: Tensor::from(correct).to_device(device),
            images,
        }
    }

    /// Adds a batch of that many images.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn add(&mut self, result: &StepResult, images: u64) -> Result<(), tch::TchError> {
        let loss = result.loss.f_to_kind(Kind::Double)?.f_mul_scalar(images as f64)?;
        self.loss = self.loss.f_add(&loss)?;
        self.correct = self.correct.f_add(&result.correct)?;
        self.images += images;
        Ok(())
    }

    /// Sum of batch losses × batch sizes; waits for the device.
    pub fn loss(&self) -> f64 {
        self.loss.double_value(&[])
    }

    /// Images recognised; waits for the device.
    pub fn correct(&self) -> i64 {
        self.correct.int64_value(&[])
    }

    /// Images seen.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Mean loss of an image.
    pub fn mean_loss(&self) -> f64 {
        self.loss() / self.images.max(1) as f64
    }

    /// The share of images recognised.
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.images.max(1) as f64
    }
}
