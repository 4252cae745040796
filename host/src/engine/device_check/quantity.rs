//! What is compared, and how far it may lie apart.
//!
//! Random numbers are made on the host, so every device gets the same ones, and both sides of a
//! comparison begin with the reference's weights and images. What is left is rounding: another
//! order of sums in f32, fewer bits in bf16. Deep networks amplify it, at their first weights many
//! thousand times, and no fixed bound fits all. So the reference computes again in f32 from weights
//! and images that are off by a rounding of the precision: what comes out tells, tensor by tensor,
//! how far rounding alone may move it.

use crate::config::Precision;

/// Something that an item gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The weights after an init.
    InitialWeights,
    /// A batch after augmentation and normalisation.
    Images,
    Targets,
    /// The network's outputs in training, with the batch's own statistics.
    Outputs,
    Rate,
    Loss,
    /// Masked, with weight decay: the momenta after one step.
    Gradients,
    /// Running means and variances.
    Statistics,
    Masks,
    /// After one step.
    Weights,
    /// Pruned weights after one step that are not +0.
    Pruned,
    /// The network's outputs in evaluation, after one step.
    Evaluation,
    Scores,
}

/// How a distance is told as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The norm of the difference over the reference's; the largest of all tensors.
    Norm,
    /// The share of all values that lie apart by more than [`FAR`].
    Share,
}

/// A quarter of a pixel's step of 1/255, in units of a usual standard deviation.
pub const FAR: f64 = 4e-3;

impl Quantity {
    pub fn name(self) -> &'static str {
        match self {
            Self::InitialWeights => "initial weights",
            Self::Images => "images",
            Self::Targets => "targets",
            Self::Outputs => "outputs",
            Self::Rate => "learning rate",
            Self::Loss => "loss",
            Self::Gradients => "gradients",
            Self::Statistics => "statistics",
            Self::Masks => "masks",
            Self::Weights => "weights",
            Self::Pruned => "pruned weights",
            Self::Evaluation => "evaluation",
            Self::Scores => "scores",
        }
    }

    pub fn measure(self) -> Measure {
        match self {
            // A turned image takes the pixel on the other side of a border; a mask the weight
            // that is as large.
            Self::Images | Self::Masks | Self::Pruned => Measure::Share,
            _ => Measure::Norm,
        }
    }

    /// The largest error on another device or in another precision than the reference's, where
    /// rounding is not amplified.
    pub fn bound(self, precision: Precision) -> f64 {
        let by_precision = |f32, tf32, bf16| match precision {
            Precision::Auto | Precision::F32 => f32,
            Precision::Tf32 => tf32,
            Precision::Bf16 => bf16,
        };
        match self {
            // Numbers of the host.
            Self::Rate | Self::Pruned => 0.0,
            // In f32 whatever the training's precision.
            Self::Targets => 1e-5,
            Self::Images => 5e-3,
            Self::InitialWeights | Self::Scores => 1e-2,
            Self::Outputs | Self::Loss | Self::Statistics | Self::Evaluation => {
                by_precision(2e-5, 4e-3, 1e-2)
            }
            Self::Masks => by_precision(2e-3, 2e-2, 0.1),
            // One ReLU of the small network that flips.
            Self::Gradients => by_precision(2e-2, 0.1, 0.5),
            Self::Weights => by_precision(2e-3, 2e-2, 0.1),
        }
    }
}

/// How far the reference's second start is off: for f32 a few roundings, since other sums and
/// algorithms (Winograd's) differ by that much, for the others half a step.
pub fn unit(precision: Precision) -> f64 {
    let bits = match precision {
        Precision::Auto | Precision::F32 => 21,
        Precision::Tf32 => 11,
        Precision::Bf16 => 9,
    };
    0.5f64.powi(bits)
}
