//! Kind `activation`.

use tch::Tensor;

use super::common::{Common, Form, lend, same_form, tensor};
use crate::plugin::border::context::HookContext;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// The function at activation sites.
#[derive(Debug)]
pub struct Activation {
    instance: Instance,
}

impl Common for Activation {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Activation {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// The activation of `x`, in its shape and dtype, on its device.
    ///
    /// # Errors
    ///
    /// The hook's own, or a result of another shape or dtype, or on another device.
    pub fn forward(&self, x: &Tensor, context: &HookContext<'_>) -> Result<Tensor, HookError> {
        let values = self.instance.call("forward", context, &[lend("x", x)])?;
        let y = tensor(&self.instance, "forward", values)?;
        same_form(&self.instance, "forward", "the result", &y, &Form::of(x))?;
        Ok(y)
    }
}
