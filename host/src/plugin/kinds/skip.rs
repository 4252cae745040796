//! Kind `skip`.

use jackpot_plugin_api::abi::RawNamed;
use jackpot_plugin_api::graph::{Edits, GraphView};

use super::common::{BEFORE, Common, from_json};
use crate::plugin::border::context::HookContext;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// Adds edges to a graph.
#[derive(Debug)]
pub struct Skip {
    instance: Instance,
}

impl Common for Skip {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Skip {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// The additions to a graph; not checked yet.
    ///
    /// # Errors
    ///
    /// The hook's own: a graph on which it can do nothing.
    pub fn rewrite(&self, view: &GraphView, seed: u64) -> Result<Edits, HookError> {
        let context = HookContext::plain(self.name(), "skip", BEFORE, seed);
        let text = serde_json::to_string(view)
            .map_err(|e| self.instance.error("rewrite", e.to_string()))?;
        let args = [RawNamed::new("graph", text.as_str())];
        let values = self.instance.call("rewrite", &context, &args)?;
        from_json(&self.instance, "rewrite", ("Edits", values))
    }
}
