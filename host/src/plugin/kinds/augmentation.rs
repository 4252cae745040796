//! Kind `augmentation`.

use tch::{Kind, Tensor};

use super::common::{Common, Form, lend, same_form};
use crate::plugin::border::context::HookContext;
use crate::plugin::border::named_tensors;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// A batch before normalisation.
#[derive(Debug)]
pub struct BatchTensors {
    /// f32 `[N, C, H, W]` in [0, 1].
    pub images: Tensor,
    /// f32 `[N, classes]`, rows that sum to 1.
    pub targets: Tensor,
    /// i64 `[N]`.
    pub indices: Tensor,
}

/// Changes training batches.
#[derive(Debug)]
pub struct Augmentation {
    instance: Instance,
}

impl Common for Augmentation {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Augmentation {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// The changed batch, in the same form.
    ///
    /// # Errors
    ///
    /// The hook's own, or a result of another shape or dtype, or on another device.
    pub fn augment(
        &self,
        batch: &BatchTensors,
        context: &HookContext<'_>,
    ) -> Result<BatchTensors, HookError> {
        let args = [
            lend("images", &batch.images),
            lend("targets", &batch.targets),
            lend("indices", &batch.indices),
        ];
        let mut found = named_tensors(self.instance.call("augment", context, &args)?);
        let mut take = |name: &str, like: &Tensor, kind: Kind| {
            let place = found.iter().position(|(known, _)| known == name);
            let place = place.ok_or_else(|| {
                self.instance.error("augment", format!("gave no tensor `{name}`"))
            })?;
            let tensor = found.swap_remove(place).1;
            let what = format!("`{name}`");
            same_form(&self.instance, "augment", &what, &tensor, &Form::of(like).kind(kind))?;
            Ok(tensor)
        };
        Ok(BatchTensors {
            images: take("images", &batch.images, Kind::Float)?,
            targets: take("targets", &batch.targets, Kind::Float)?,
            indices: take("indices", &batch.indices, Kind::Int64)?,
        })
    }
}
