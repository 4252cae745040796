//! `metrics.jsonl`: one JSON object a line, reproducible to the byte.

use serde::Serialize;
use serde_json::Value;

/// The rows of a training so far.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Metrics {
    lines: String,
}

/// One row.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// Optimizer steps done.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// `train`, `validation` or `test`.
    pub split: &'a str,
    /// Mean over the epoch (train) or the split; NaN is `null`.
    pub loss: f64,
    /// In [0, 1].
    pub accuracy: f64,
    /// The learning rate of the latest step; train rows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    /// The share of prunable weights that is kept; only where masks move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<f64>,
    /// Knobs by `item.knob`; train rows only.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub knobs: serde_json::Map<String, Value>,
}

impl Metrics {
    /// Takes rows back from a checkpoint.
    pub fn from_text(lines: String) -> Self {
        Self { lines }
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Row<'_>) {
        // A row has no map keys but strings, so serialisation cannot fail.
        if let Ok(line) = serde_json::to_string(row) {
            self.lines += &line;
            self.lines.push('\n');
        }
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.lines
    }
}
