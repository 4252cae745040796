//! Kind `architecture`.

use jackpot_plugin_api::abi::RawNamed;
use jackpot_plugin_api::graph::{Graph, TensorSpec};

use super::common::{BEFORE, Common, from_json};
use crate::plugin::border::context::HookContext;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// Builds a network's graph.
#[derive(Debug)]
pub struct Architecture {
    instance: Instance,
}

impl Common for Architecture {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Architecture {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// The graph for that input and output; not checked yet.
    ///
    /// # Errors
    ///
    /// The hook's own: an input that the architecture cannot take.
    pub fn build(&self, input: &TensorSpec, output: &TensorSpec) -> Result<Graph, HookError> {
        let context = HookContext::plain(self.name(), "", BEFORE, 0);
        let text = |spec: &TensorSpec| {
            serde_json::to_string(spec).map_err(|e| self.instance.error("build", e.to_string()))
        };
        let (input, output) = (text(input)?, text(output)?);
        let args =
            [RawNamed::new("input", input.as_str()), RawNamed::new("output", output.as_str())];
        let values = self.instance.call("build", &context, &args)?;
        from_json(&self.instance, "build", ("Graph", values))
    }
}
