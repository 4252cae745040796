//! Which convolutions get a connection beside them.

use jackpot_plugin_api::json::Value;
use jackpot_plugin_api::prelude::*;

use crate::geometry::{Axis, axes};

/// A convolution and what its connection is added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The convolution's node.
    pub conv: String,
    /// What it reads.
    pub input: String,
    /// The batch normalisation that alone reads it, if there is one.
    pub norm: Option<String>,
    /// Channels that the convolution reads.
    pub inputs: i64,
    /// Channels that it gives.
    pub outputs: i64,
    /// Groups of channels that do not see each other.
    pub groups: i64,
    /// Its strides, height first.
    pub stride: [i64; 2],
    /// Pixels to add (negative: to leave out) left, right, above and below before a 1 × 1
    /// convolution of the same stride fits; `None`: it fits as it is.
    pub pads: Option<[i64; 4]>,
}

impl Site {
    /// The node that the connection is added to.
    pub fn sum_with(&self) -> &str {
        self.norm.as_ref().unwrap_or(&self.conv)
    }
}

/// All of them, in the graph's order.
pub fn find(view: &GraphView) -> Vec<Site> {
    view.graph.nodes.iter().filter_map(|node| site(view, node)).collect()
}

fn site(view: &GraphView, conv: &Node) -> Option<Site> {
    if !matches!(conv.op.as_str(), "aten::conv2d" | "aten::conv2d.padding") {
        return None;
    }
    let [input] = conv.inputs.first()?.names() else { return None };
    if view.graph.inputs.iter().any(|spec| spec.name == *input) {
        return None;
    }
    let &[outputs, group, ref kernel @ ..] = weight(view, conv)? else { return None };
    if kernel.iter().all(|&side| side == 1) {
        return None;
    }
    let groups = conv.attrs.get("groups").map_or(Some(1), Value::as_i64)?;
    let axes = axes(conv, kernel)?;
    Some(Site {
        conv: conv.id.clone(),
        input: input.clone(),
        norm: only_norm(view, &conv.id),
        inputs: group * groups,
        outputs,
        groups,
        stride: axes.map(|axis| axis.stride),
        pads: pads(view, axes, input, &conv.id)?,
    })
}

/// The sizes of a convolution's weight, whether it is trained or frozen.
fn weight<'a>(view: &'a GraphView, conv: &Node) -> Option<&'a [i64]> {
    let name = conv.params.get("weight")?;
    let frozen = || view.graph.buffers.iter().find(|buffer| buffer.name == *name);
    view.parameter(name).map(|p| &p.shape[..]).or_else(|| frozen().map(|b| &b.shape[..]))
}

/// The outer `None`: the images' sizes are needed and not known.
fn pads(view: &GraphView, axes: [Axis; 2], input: &str, conv: &str) -> Option<Option<[i64; 4]>> {
    if axes.iter().all(|axis| axis.fits_as_it_is()) {
        return Some(None);
    }
    let (&[_, height, width], &[_, high, wide]) = (view.shape(input)?, view.shape(conv)?) else {
        return None;
    };
    let ([above, below], [left, right]) = (axes[0].pads(height, high), axes[1].pads(width, wide));
    let pads = [left, right, above, below];
    Some((pads != [0; 4]).then_some(pads))
}

/// The batch normalisation that reads the node, if nothing else does.
fn only_norm(view: &GraphView, conv: &str) -> Option<String> {
    let mut readers = view.consumers(conv);
    let norm = readers.next().filter(|node| node.op == "aten::batch_norm")?;
    let result = view.graph.outputs.iter().any(|output| output.from == conv);
    (readers.next().is_none() && !result).then(|| norm.id.clone())
}
