//! Kind `update`.

use jackpot_plugin_api::abi::Value;
use jackpot_plugin_api::ctx::Progress;
use tch::Tensor;

use super::common::{BEFORE, Common};
use crate::plugin::border::context::HookContext;
use crate::plugin::border::named_tensors;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// Moves the masks during a training.
#[derive(Debug)]
pub struct Update {
    instance: Instance,
}

impl Common for Update {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Update {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// Whether the masks move in the step after that point.
    ///
    /// # Errors
    ///
    /// The hook's own, or a plugin that does not say it.
    pub fn due(&self, progress: Progress) -> Result<bool, HookError> {
        self.truth("due", progress)
    }

    /// Whether a step with an update is no step of the optimizer.
    ///
    /// # Errors
    ///
    /// A plugin that does not say it.
    pub fn replaces_step(&self) -> Result<bool, HookError> {
        self.truth("replaces-step", BEFORE)
    }

    /// New masks by parameter name; not checked yet.
    ///
    /// # Errors
    ///
    /// The hook's own.
    pub fn update(&self, context: &HookContext<'_>) -> Result<Vec<(String, Tensor)>, HookError> {
        Ok(named_tensors(self.instance.call("update", context, &[])?))
    }

    /// An error of this item's masks.
    pub fn error(&self, message: impl Into<String>) -> HookError {
        self.instance.error("update", message)
    }

    fn truth(&self, hook: &'static str, progress: Progress) -> Result<bool, HookError> {
        let context = HookContext::plain(self.name(), "", progress, 0);
        let values = self.instance.call(hook, &context, &[])?;
        match values.into_iter().next().map(|named| named.value) {
            Some(Value::Bool(truth)) => Ok(truth),
            _ => Err(self.instance.error(hook, "gave no truth value")),
        }
    }
}
