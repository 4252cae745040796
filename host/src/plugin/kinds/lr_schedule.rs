//! Kind `lr-schedule`.

use jackpot_plugin_api::abi::RawNamed;
use jackpot_plugin_api::ctx::Progress;

use super::common::{Common, float};
use crate::plugin::border::context::HookContext;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// The learning rate of every step.
#[derive(Debug)]
pub struct LrSchedule {
    instance: Instance,
}

impl Common for LrSchedule {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl LrSchedule {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// The rate at that point.
    ///
    /// # Errors
    ///
    /// The hook's own, or a rate that is negative or not finite.
    pub fn learning_rate(&self, base: f64, progress: Progress) -> Result<f64, HookError> {
        let context = HookContext::plain(self.name(), "", progress, 0);
        let args = [RawNamed::new("base", base)];
        let values = self.instance.call("learning-rate", &context, &args)?;
        let rate = float(&self.instance, "learning-rate", values)?;
        if rate.is_finite() && rate >= 0.0 {
            return Ok(rate);
        }
        let message = format!("the learning rate is {rate} at step {}", progress.step);
        Err(self.instance.error("learning-rate", message))
    }
}
