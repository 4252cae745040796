//! What a skip item sees of a graph, and the changes it asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Buffer, Graph, Node, Parameter};

/// A graph together with the shapes that the host worked out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GraphView {
    /// The graph.
    pub graph: Graph,
    /// The shape of each input's and node's first result, without the batch dimension.
    pub shapes: BTreeMap<String, Vec<i64>>,
}

impl GraphView {
    /// The node of that name.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.graph.nodes.iter().find(|node| node.id == id)
    }

    /// The nodes that read that one.
    pub fn consumers<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Node> {
        let reads = move |node: &&Node| {
            node.inputs.iter().any(|input| input.names().iter().any(|name| name == id))
        };
        self.graph.nodes.iter().filter(reads)
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.graph.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The shape of an input's or a node's result, without the batch dimension.
    pub fn shape(&self, name: &str) -> Option<&[i64]> {
        self.shapes.get(name).map(Vec::as_slice)
    }
}

/// Additions to a graph. Nothing of the graph is removed, so the host can take them out again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Edits {
    /// New parameters; they are never pruned.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// New buffers.
    #[serde(default)]
    pub buffers: Vec<Buffer>,
    /// New nodes, in an order in which each comes after those it reads. The host merges them into
    /// the graph's own order.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// Which old nodes read a new one.
    #[serde(default)]
    pub rewires: Vec<Rewire>,
}

/// Every reader of `from` in the old graph reads `to` instead, which must have the same shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewire {
    /// An old node.
    pub from: String,
    /// A new node.
    pub to: String,
}
