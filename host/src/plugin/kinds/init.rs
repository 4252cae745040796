//! Kind `init`.

use jackpot_plugin_api::abi::Value;

use super::common::{BEFORE, Common};
use crate::plugin::border::context::HookContext;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// Sets weights before a training.
#[derive(Debug)]
pub struct Init {
    instance: Instance,
}

impl Common for Init {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Init {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// Changes the weights of `context.model`.
    ///
    /// # Errors
    ///
    /// The hook's own.
    pub fn initialize(&self, context: &HookContext<'_>) -> Result<(), HookError> {
        self.instance.call("initialize", context, &[]).map(|_| ())
    }

    /// Whether it works on the ticket's weights instead of replacing them.
    ///
    /// # Errors
    ///
    /// A plugin that does not say it.
    pub fn keeps_ticket(&self) -> Result<bool, HookError> {
        let context = HookContext::plain(self.name(), "", BEFORE, 0);
        let values = self.instance.call("keeps-ticket", &context, &[])?;
        match values.into_iter().next().map(|named| named.value) {
            Some(Value::Bool(keeps)) => Ok(keeps),
            _ => Err(self.instance.error("keeps-ticket", "gave no truth value")),
        }
    }
}
