//! A network as a graph, in the published JSON schema (version 1).
//!
//! Parameters and buffers are declared apart from the nodes and referred to by name, so weights
//! can be shared. A node is an ATen operator: its `inputs` fill the operator's first arguments,
//! `params` and `attrs` fill arguments by the names of the operator's schema. An attribute that the
//! operator does not have is an error, since ignoring it would compute another network.
//!
//! These types read what a newer version of the schema may say: unknown keys are left out, unknown
//! names become `Other`. So a skip item sees the graph of a newer host. The host, which must not
//! leave anything out, reads with `abi::surface::read`.

mod build;
mod edits;
mod initial;
mod spec;
mod tokens;

pub use build::{Conv2d, GraphBuilder, NodeRef};
pub use edits::{Edits, GraphView, Rewire};
pub use initial::Initial;
pub use tokens::Linear;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the schema.
pub const SCHEMA: u32 = 1;

/// A network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What it is fed.
    pub inputs: Vec<TensorSpec>,
    /// What is read from it; the first is what the loss sees.
    pub outputs: Vec<Output>,
    /// Trained tensors, in state-dict order.
    pub parameters: Vec<Parameter>,
    /// Tensors that are kept but not trained, such as running means.
    #[serde(default)]
    pub buffers: Vec<Buffer>,
    /// The operations; each comes after those it reads.
    pub nodes: Vec<Node>,
    /// What a later version adds.
    #[cfg(feature = "next")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<String>,
}

/// The shape and type of an input or output, without the batch dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorSpec {
    /// Its name.
    pub name: String,
    /// `[C, H, W]` for images, `[classes]` for logits.
    pub shape: Vec<i64>,
    /// `f32`, `i64`, …
    #[serde(default = "f32_name")]
    pub dtype: String,
}

/// One result of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The node that computes it.
    pub from: String,
}

/// A trained tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its state-dict name, such as `layer1.0.conv1.weight`.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<i64>,
    /// Its element type.
    #[serde(default = "f32_name")]
    pub dtype: String,
    /// What it is for.
    pub role: Role,
    /// Whether weight decay acts on it.
    #[serde(default = "yes")]
    pub decay: bool,
    /// Whether a mask may ever act on it.
    #[serde(default)]
    pub prunable: bool,
    /// Its first values.
    pub init: Initial,
}

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The weight of a convolution.
    Conv,
    /// The weight of a linear layer.
    Linear,
    /// Weight or bias of a normalisation.
    Norm,
    /// The bias of a convolution or linear layer.
    Bias,
    /// Anything else, and what only a newer host knows.
    #[serde(other)]
    Other,
}

/// A tensor that is kept but not trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Buffer {
    /// Its state-dict name, such as `bn1.running_mean`.
    pub name: String,
    /// Its sizes; empty for a 0-dimensional tensor.
    pub shape: Vec<i64>,
    /// Its element type.
    #[serde(default = "f32_name")]
    pub dtype: String,
    /// Its first values.
    pub init: Initial,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name, unique in the graph.
    pub id: String,
    /// `aten::conv2d`, or `plugin:activation:swish`.
    pub op: String,
    /// Names of graph inputs or nodes; `name:1` is a node's second result; `knob:alpha` the
    /// owner's knob.
    pub inputs: Vec<Input>,
    /// Arguments that are parameters or buffers: `{"weight": "conv1.weight"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// All other arguments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attrs: BTreeMap<String, Value>,
    /// Marks a place where a recipe may put another activation function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteKind>,
}

impl Node {
    /// An operator that reads these tensors, without parameters and attributes: what the edits of
    /// a skip are mostly made of.
    pub fn new(id: impl Into<String>, op: &str, inputs: &[&str]) -> Self {
        Self {
            id: id.into(),
            op: op.to_owned(),
            inputs: inputs.iter().map(|&name| Input::One(name.to_owned())).collect(),
            params: BTreeMap::new(),
            attrs: BTreeMap::new(),
            site: None,
        }
    }
}

/// What may be replaced at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteKind {
    /// The activation function.
    Activation,
    /// What only a newer host knows.
    #[serde(other)]
    Other,
}

/// What a node reads: one tensor, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One tensor.
    One(String),
    /// A list, for operators such as `aten::cat`.
    Many(Vec<String>),
    /// What only a newer host knows.
    Other(Value),
}

impl Input {
    /// All names in it.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
            Self::Other(_) => &[],
        }
    }

    /// All names in it, to be changed.
    pub fn names_mut(&mut self) -> &mut [String] {
        match self {
            Self::One(name) => std::slice::from_mut(name),
            Self::Many(names) => names,
            Self::Other(_) => &mut [],
        }
    }
}

fn f32_name() -> String {
    "f32".to_owned()
}

fn yes() -> bool {
    true
}
