//! Kind `score`.

use jackpot_plugin_api::abi::Value;
use tch::Tensor;

use super::common::{BEFORE, Common};
use crate::plugin::border::context::HookContext;
use crate::plugin::border::named_tensors;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// Which weights a pruning keeps.
#[derive(Debug)]
pub struct Score {
    instance: Instance,
}

impl Common for Score {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Score {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// Scores by parameter name; shapes are not checked yet.
    ///
    /// # Errors
    ///
    /// The hook's own.
    pub fn score(&self, context: &HookContext<'_>) -> Result<Vec<(String, Tensor)>, HookError> {
        Ok(named_tensors(self.instance.call("score", context, &[])?))
    }

    /// In how many rounds a pruning reaches its density; at least 1.
    ///
    /// # Errors
    ///
    /// A plugin that does not say it, or says 0.
    pub fn rounds(&self) -> Result<u64, HookError> {
        let context = HookContext::plain(self.name(), "", BEFORE, 0);
        let values = self.instance.call("rounds", &context, &[])?;
        match values.into_iter().next().map(|named| named.value) {
            Some(Value::Int(rounds)) if rounds >= 1 => Ok(rounds.cast_unsigned()),
            _ => Err(self.instance.error("rounds", "gave no whole number from 1")),
        }
    }

    /// An error of this item.
    pub fn error(&self, message: String) -> HookError {
        self.instance.error("score", message)
    }
}
