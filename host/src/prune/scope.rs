//! Which parameters a draw prunes.

use jackpot_plugin_api::graph::Role;

use super::error::PruneError;
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
                glob => glob_matches(glob, &parameter.name),
            };
            if speaks {
                chosen = !exclude;
            }
        }
        chosen
    }
}

/// `*` stands for any characters, `?` for one.
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    // reached[j]: the glob so far matches the first j characters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &symbol in &glob {
        if symbol == '*' {
            for j in 1..=text.len() {
                reached[j] |= reached[j - 1];
            }
        } else {
            for j in (1..=text.len()).rev() {
                reached[j] = reached[j - 1] && (symbol == '?' || symbol == text[j - 1]);
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        for (glob, text, expected) in [
            ("*", "conv1.weight", true),
            ("layer?.*.weight", "layer1.0.conv1.weight", true),
            ("conv1", "conv1.weight", false),
            ("*.conv1.*", "layer1.0.conv1.weight", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
        }
    }
}
