//! What a plugin file says of itself, as it crosses the border (JSON).
//!
//! Unknown fields are ignored, so that an older host reads a newer plugin's manifest.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A plugin file: who made it and what it exports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The crate's name.
    pub name: String,
    /// The crate's version.
    pub version: String,
    /// The version of `jackpot-plugin-api` it was built with.
    pub api: String,
    /// Its items, in the order that `create` numbers them.
    pub items: Vec<ItemManifest>,
    /// What a later version adds.
    #[cfg(feature = "next")]
    #[serde(default)]
    pub since: String,
}

/// One item of a plugin file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemManifest {
    /// Of which kind; a kind that this host does not know is kept as text.
    pub kind: String,
    /// The name that configs use.
    pub name: String,
    /// The item's own documentation; its first line is the summary.
    #[serde(default)]
    pub docs: String,
    /// Its parameters.
    #[serde(default)]
    pub params: Vec<ParamSpec>,
    /// The names of its knobs.
    #[serde(default)]
    pub knobs: Vec<String>,
}

impl ItemManifest {
    /// The first line of the documentation.
    pub fn summary(&self) -> &str {
        self.docs.lines().next().unwrap_or("").trim()
    }
}

/// The nine kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Builds a network's graph.
    Architecture,
    /// The function at every activation site.
    Activation,
    /// Adds edges to a graph.
    Skip,
    /// Sets the weights before a training.
    Init,
    /// Changes a training batch.
    Augmentation,
    /// The learning rate of every step.
    LrSchedule,
    /// What is minimised.
    Loss,
    /// Which weights a pruning keeps.
    Score,
    /// Moves the masks during a training.
    Update,
    /// What a later version adds.
    #[cfg(feature = "next")]
    Next,
}

impl Kind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 9 + cfg!(feature = "next") as usize] = [
        Self::Architecture,
        Self::Activation,
        Self::Skip,
        Self::Init,
        Self::Augmentation,
        Self::LrSchedule,
        Self::Loss,
        Self::Score,
        Self::Update,
        #[cfg(feature = "next")]
        Self::Next,
    ];

    /// The name in manifests, graphs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Architecture => "architecture",
            Self::Activation => "activation",
            Self::Skip => "skip",
            Self::Init => "init",
            Self::Augmentation => "augmentation",
            Self::LrSchedule => "lr-schedule",
            Self::Loss => "loss",
            Self::Score => "score",
            Self::Update => "update",
            #[cfg(feature = "next")]
            Self::Next => "next",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The type of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamType {
    /// `true` or `false`.
    Bool,
    /// A whole number (i64).
    Int,
    /// A number (f64); a whole number in TOML is taken, too.
    Float,
    /// A text.
    String,
    /// `"2ep"` or `"500it"`.
    Duration,
    /// A list of whole numbers.
    IntList,
    /// A list of numbers.
    FloatList,
    /// A list of texts.
    StringList,
    /// A list of durations.
    DurationList,
    /// What a later version adds.
    #[cfg(feature = "next")]
    Next,
    /// Any JSON value; only the plugin itself can check it. Also what a newer plugin may say.
    #[serde(other)]
    Any,
}

impl ParamType {
    /// As a reader of an error message would say it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::String => "a string",
            Self::Duration => "a duration such as \"2ep\" or \"500it\"",
            Self::IntList => "a list of whole numbers",
            Self::FloatList => "a list of numbers",
            Self::StringList => "a list of strings",
            Self::DurationList => "a list of durations such as [\"2ep\", \"500it\"]",
            #[cfg(feature = "next")]
            Self::Next => "a text of the next version",
            Self::Any => "any value",
        }
    }
}

/// One parameter of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// The key in `params`.
    pub name: String,
    /// The type of the value.
    #[serde(rename = "type")]
    pub ty: ParamType,
    /// The value if the config gives none; without one the parameter is required, unless it is
    /// optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// May be left out although there is no default.
    #[serde(default)]
    pub optional: bool,
    /// The bounds of a number, or of each number of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The texts allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What it means.
    #[serde(default)]
    pub docs: String,
}

/// Bounds of a number. The lower one is part of the range; the upper one is if `inclusive`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The lower bound, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The upper bound, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Whether the upper bound itself is allowed.
    #[serde(default)]
    pub inclusive: bool,
}

impl Range {
    /// Whether `x` lies inside; NaN never does.
    pub fn contains(&self, x: f64) -> bool {
        !x.is_nan()
            && self.min.is_none_or(|min| x >= min)
            && self.max.is_none_or(|max| if self.inclusive { x <= max } else { x < max })
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.min, self.max, self.inclusive) {
            (Some(a), Some(b), true) => write!(f, "from {a} to {b}"),
            (Some(a), Some(b), false) => write!(f, "from {a} to below {b}"),
            (Some(a), None, _) => write!(f, "at least {a}"),
            (None, Some(b), true) => write!(f, "at most {b}"),
            (None, Some(b), false) => write!(f, "below {b}"),
            (None, None, _) => write!(f, "any number"),
        }
    }
}
