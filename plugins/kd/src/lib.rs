//! Knowledge distillation: a teacher's outputs as soft labels.

use jackpot_plugin_api::prelude::*;

/// α·T²·KL(p ‖ q) + (1 − α)·CE, Hinton et al. 2015 (arXiv 1503.02531), for tickets arXiv
/// 2101.03255v1.
///
/// p = softmax(teacher/T) and q = softmax(student/T) are the softened outputs for the same images,
/// KL(p ‖ q) = Σ p·(log p − log q), and CE is the cross-entropy −Σ t·log softmax(student) with the
/// batch's targets, the mean over the batch. T² makes up for the gradient of the first part, which
/// is 1/T² as large. The defaults are those of the second paper's code, except for `reduction`.
#[derive(Params)]
struct Kd {
    /// T: how soft the outputs become.
    #[param(default = 5.0, range = 0.01..=1e3)]
    temperature: f64,
    /// The share of the teacher's outputs; 0 is plain cross-entropy.
    #[param(default = 0.9, range = 0.0..=1.0)]
    alpha: f64,
    /// Over what KL is a mean, by PyTorch's names: "batchmean" over the images, as it is defined,
    /// or "mean" over all elements, as in that code, which is as many times weaker as there are
    /// classes.
    #[param(default = "batchmean", choices = ["batchmean", "mean"])]
    reduction: String,
}

impl Loss for Kd {
    const NAME: &str = "kd";

    fn needs_teacher(&self) -> bool {
        true
    }

    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let student = outputs.expect("logits");
        let teacher = teacher(outputs, student).detach();
        let hard =
            -(targets.expect("target") * student.log_softmax(-1)).sum_dim(&[-1], false).mean();
        self.divergence(&teacher, student) * (self.alpha * self.temperature.powi(2))
            + hard * (1.0 - self.alpha)
    }
}

impl Kd {
    /// KL(p ‖ q), a mean as `reduction` says.
    fn divergence(&self, teacher: &Tensor, student: &Tensor) -> Tensor {
        let log_p = (teacher / self.temperature).log_softmax(-1);
        let log_q = (student / self.temperature).log_softmax(-1);
        let terms = log_p.exp() * (log_p - log_q);
        match self.reduction.as_str() {
            "mean" => terms.mean(),
            _ => terms.sum_dim(&[-1], false).mean(),
        }
    }
}

/// The teacher's outputs, of the same shape as the student's.
fn teacher<'a>(outputs: &'a NamedTensors, student: &Tensor) -> &'a Tensor {
    let Some(teacher) = outputs.get("teacher") else {
        Error::new("there is no teacher to learn from: name one with the config's key `teacher`")
            .throw()
    };
    let (theirs, ours) = (teacher.shape(), student.shape());
    if theirs != ours {
        Error::new(format!(
            "the teacher's outputs have shape {theirs:?} and the network's {ours:?}: the network \
             that the config's key `teacher` names must have been trained on the same classes"
        ))
        .throw()
    }
    teacher
}

export_plugin!(losses: [Kd]);
