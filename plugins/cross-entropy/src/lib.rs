//! Cross-entropy with targets that are distributions.

use jackpot_plugin_api::prelude::*;

/// −Σ tᵢ · log softmax(x)ᵢ over the classes, the mean over the batch.
///
/// `torch.nn.CrossEntropyLoss` with class probabilities as targets: one-hot ones are class labels,
/// mixed ones come from mixup or cutmix. It is what a recipe without a loss trains with; named, it
/// replaces the loss that the recipe would inherit. No parameters.
#[derive(Params)]
struct CrossEntropy;

impl Loss for CrossEntropy {
    const NAME: &str = "cross-entropy";
    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let log_likelihood = outputs.expect("logits").log_softmax(-1);
        -(targets.expect("target") * log_likelihood).sum_dim(&[-1], false).mean()
    }
}

export_plugin!(losses: [CrossEntropy]);
