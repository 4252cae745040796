//! What a check found.

use jackpot_plugin_api::manifest::ItemManifest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How bad it is. Only an error fails the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Ok,
    Warning,
    Error,
}

/// One thing that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: Level,
    /// What was tried: `form`, `gradient`, `process`, …
    pub check: String,
    pub message: String,
}

/// A plugin file, as its manifest has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    pub path: String,
    pub sha256: String,
    /// The crate's name and version.
    pub name: String,
    pub version: String,
    /// The version of `jackpot-plugin-api` it was built with.
    pub api: String,
    pub items: Vec<ItemManifest>,
}

/// What was found about one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemReport {
    pub kind: String,
    pub name: String,
    /// The values that it was tried with: those given, then the item's defaults, then an example
    /// of what is required.
    pub params: Map<String, Value>,
    /// Parameters of which the value is only an example.
    pub examples: Vec<String>,
    pub findings: Vec<Finding>,
}

/// What was found about a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `None` if the file cannot be loaded.
    pub file: Option<FileFacts>,
    pub items: Vec<ItemReport>,
    /// Of the file as a whole.
    pub findings: Vec<Finding>,
}

impl Finding {
    pub fn new(level: Level, check: &str, message: impl Into<String>) -> Self {
        Self { level, check: check.to_owned(), message: message.into() }
    }
}

impl ItemReport {
    /// The worst of its findings.
    pub fn level(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

impl Report {
    /// The number of findings of that level.
    pub fn count(&self, level: Level) -> usize {
        let items = self.items.iter().flat_map(|item| &item.findings);
        items.chain(&self.findings).filter(|finding| finding.level == level).count()
    }
}
