//! Which convolutions get a connection beside them.

use jackpot_plugin_api::json::Value;
use jackpot_plugin_api::prelude::*;

/// A convolution with the batch normalisation that alone reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The convolution's node.
    pub conv: String,
    /// What it reads.
    pub input: String,
    /// The normalisation's node.
    pub norm: String,
    /// Channels that the convolution reads.
    pub inputs: i64,
    /// Channels that it gives.
    pub outputs: i64,
    /// Its stride, the same in both directions.
    pub stride: i64,
}

/// All of them, in the graph's order.
pub fn find(view: &GraphView) -> Vec<Site> {
    view.graph.nodes.iter().filter_map(|node| site(view, node)).collect()
}

fn site(view: &GraphView, conv: &Node) -> Option<Site> {
    if conv.op != "aten::conv2d" {
        return None;
    }
    let [input] = conv.inputs.first()?.names() else { return None };
    if view.graph.inputs.iter().any(|spec| spec.name == *input) {
        return None;
    }
    let weight = view.parameter(conv.params.get("weight")?)?;
    if weight.shape.get(2..)?.iter().all(|&side| side == 1) {
        return None;
    }
    let stride = stride(conv.attrs.get("stride"))?;
    let [inputs, height, width] = *view.shape(input)? else { return None };
    let [outputs, high, wide] = *view.shape(&conv.id)? else { return None };
    // A 1 × 1 kernel without padding gives just this many pixels; an unpadded or dilated
    // convolution gives others, and the sum would not fit.
    let pixels = |side: i64| (side - 1) / stride + 1;
    if (pixels(height), pixels(width)) != (high, wide) {
        return None;
    }
    let norm = only_norm(view, &conv.id)?;
    let (conv, input) = (conv.id.clone(), input.clone());
    Some(Site { conv, input, norm, inputs, outputs, stride })
}

/// The batch normalisation that reads the node, if nothing else does.
fn only_norm(view: &GraphView, conv: &str) -> Option<String> {
    let mut readers = view.consumers(conv);
    let norm = readers.next().filter(|node| node.op == "aten::batch_norm")?;
    let result = view.graph.outputs.iter().any(|output| output.from == conv);
    (readers.next().is_none() && !result).then(|| norm.id.clone())
}

/// One number for both directions, from `2`, `[2]`, `[2, 2]` or nothing (1).
fn stride(attr: Option<&Value>) -> Option<i64> {
    match attr {
        None => Some(1),
        Some(Value::Array(sides)) => {
            let first = sides.first()?.as_i64()?;
            sides.iter().all(|side| side.as_i64() == Some(first)).then_some(first)
        }
        Some(one) => one.as_i64(),
    }
    .filter(|&stride| stride > 0)
}
