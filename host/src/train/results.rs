//! What one training is reported by.

use serde::{Deserialize, Serialize};

/// The outcome of a whole training. Everything here is reproducible to the byte; wall-clock times
/// live in `timing.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Test accuracy, in [0, 1], of the checkpoint with the best validation accuracy.
    pub test_accuracy: f64,
    /// Test accuracy after the last step.
    pub test_accuracy_last: f64,
    /// The best validation accuracy. Without a validation split: `None`, and `best` is the last.
    pub validation_accuracy: Option<f64>,
    /// Mean cross-entropy of the reported checkpoint on the test set, in nats.
    pub test_loss: f64,
    /// The epoch (1-based; 0 is before the first step) of the reported checkpoint.
    pub best_epoch: u64,
    /// Prunable weights that the mask of the reported checkpoint keeps.
    pub weights_kept: u64,
    /// Prunable weights of the dense network.
    pub weights_total: u64,
    /// All parameters that were trained: kept prunable ones, the never-prunable ones, and those
    /// that tweaks added.
    pub weights_training: u64,
    /// Multiply-adds × 2 of one forward pass of one image over the kept weights of convolution
    /// and linear layers, tweaks included, in the reported checkpoint: without a skip that had faded.
    pub flops: u64,
    /// After how many epochs the training was given up as hopeless, if it was; the accuracies are
    /// those that it had come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<u64>,
    /// The expected calibration error of the reported checkpoint on the test set, in [0, 1], from
    /// 15 bins. `None`: not finite, or of a version that did not measure it, as all below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_calibration_error: Option<f64>,
    /// Of `weights_training`, those that are left in the stored network: without a skip that has
    /// faded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_exported: Option<u64>,
    /// What the training took: for every image of every epoch three times the multiply-adds × 2 of
    /// a forward pass (a backward pass counts as two), a skip as long as it had not faded. Masks
    /// that moved count as those of the reported checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_flops: Option<u64>,
    /// `f32`, `tf32` or `bf16`: what `auto` came to.
    pub precision: String,
}

impl Results {
    /// The share of prunable weights that are pruned, in [0, 1].
    pub fn sparsity(&self) -> f64 {
        1.0 - self.weights_kept as f64 / self.weights_total as f64
    }
}
