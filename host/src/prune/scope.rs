//! Which parameters a draw prunes.

use jackpot_plugin_api::graph::Role;

use super::error::PruneError;
use crate::glob;
use crate::model::{Network, Parameter};

/// The patterns of `prunable`: `conv`, `linear`, or globs of parameter names; `!` excludes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    patterns: Vec<String>,
}

impl Scope {
    pub fn new(patterns: &[String]) -> Self {
        Self { patterns: patterns.to_vec() }
    }

    /// The names of the network's parameters that are pruned, in state-dict order.
    ///
    /// # Errors
    ///
    /// Nothing matches.
    pub fn names(&self, network: &Network) -> Result<Vec<String>, PruneError> {
        let prunable = || network.parameters().iter().filter(|parameter| parameter.prunable);
        let names: Vec<_> =
            prunable().filter(|p| self.matches(p)).map(|p| p.name.clone()).collect();
        if !names.is_empty() {
            return Ok(names);
        }
        let mut known: Vec<_> = prunable().map(|p| format!("`{}`", p.name)).collect();
        if known.len() > 12 {
            known.splice(11.., ["…".to_owned()]);
        }
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(PruneError::NothingPrunable { patterns: self.patterns.clone(), known })
    }

    /// The last pattern that speaks of a parameter decides.
    fn matches(&self, parameter: &Parameter) -> bool {
        let mut chosen = false;
        for pattern in &self.patterns {
            let (exclude, pattern) = match pattern.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, pattern.as_str()),
            };
            let speaks = match pattern {
                "conv" => parameter.role == Role::Conv,
                "linear" => parameter.role == Role::Linear,
                pattern => glob::matches(pattern, &parameter.name),
            };
            if speaks {
                chosen = !exclude;
            }
        }
        chosen
    }
}
