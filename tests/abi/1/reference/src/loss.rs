//! A loss with a teacher, a knob, a trained tensor, and an output besides the logits.

use jackpot_plugin_api::prelude::*;

/// Cross-entropy of s·logits against smoothed targets, with a trained s; the teacher's
/// probabilities as targets of half the weight, where there is a teacher; and a small penalty on
/// `features`, if the network has such an output, that falls from `penalty` to 0.
#[derive(Params)]
pub struct Smoothed {
    /// How much of each target is spread over all classes.
    #[param(default = 0.1, range = 0.0..1.0)]
    alpha: f64,
    /// The weight of the mean square of `features` at the first step.
    #[param(default = 0.0, range = 0.0..=1.0)]
    penalty: f64,
    /// Whether to learn from a teacher.
    #[param(default = false)]
    taught: bool,
}

impl Loss for Smoothed {
    const NAME: &str = "reference-smoothed";
    const KNOBS: &[&str] = &["penalty"];

    fn knob(&self, _: &str, progress: Progress) -> f64 {
        self.penalty * (1.0 - progress.fraction())
    }

    fn tensors(&self, _: &Site) -> Vec<DeclaredTensor> {
        vec![DeclaredTensor::trainable("scale", &[], 1.0)]
    }

    fn needs_teacher(&self) -> bool {
        self.taught
    }

    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, ctx: &Ctx<'_>) -> Tensor {
        let log = (outputs.expect("logits") * ctx.tensor("scale")).log_softmax(-1);
        let targets = targets.expect("target");
        let spread = targets * (1.0 - self.alpha) + self.alpha / targets.size(1) as f64;
        let cross = |targets: &Tensor| -(targets * &log).sum_dim(&[-1], false).mean();
        let mut loss = cross(&spread);
        if let Some(teacher) = outputs.get("teacher").filter(|_| self.taught) {
            loss = (loss + cross(&teacher.softmax(-1)) * 0.5) / 1.5;
        }
        match outputs.get("features") {
            Some(features) => loss + features.square().mean() * ctx.knob("penalty"),
            None => loss,
        }
    }
}
