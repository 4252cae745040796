//! Kind `loss`.

use super::{kind, wrapper};
use crate::abi::Value;
use crate::ctx::Ctx;
use crate::item::one;
use crate::manifest::Kind;
use crate::tensor::{NamedTensors, Tensor};

kind! {
    /// What is minimised, every step.
    Loss {
        /// Whether it learns from a teacher: the host then refuses a recipe without one.
        fn needs_teacher(&self) -> bool {
            false
        }

        /// The loss, a 0-dimensional f32 tensor: the mean over the batch. `outputs` has the
        /// network's outputs (`logits`, f32 `[N, classes]`) and, where the recipe has a teacher,
        /// the teacher's for the same images (`teacher`, f32 `[N, classes]`, without gradient);
        /// `targets` the batch's (`target`, f32 `[N, classes]`, rows that sum to 1).
        fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, ctx: &Ctx<'_>) -> Tensor;
    }
}

wrapper!(LossItem, Loss, Kind::Loss, self, ctx, args, {
    "needs-teacher" => Ok(one("needed", Value::Bool(self.0.needs_teacher()))),
    "loss" => {
        let (outputs, targets) = (args.tensors("output"), args.tensors("target"));
        Ok(one("loss", Value::Tensor(self.0.loss(&outputs, &targets, ctx))))
    },
});
