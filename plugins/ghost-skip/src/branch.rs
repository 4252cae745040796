//! The nodes and parameters of one connection.

use jackpot_plugin_api::prelude::*;

use crate::ALPHA;
use crate::sites::Site;

/// Adds, beside the convolution with the normalisation n: n + α · batch_norm(conv1x1(what it
/// reads)), which every reader of n reads from then on; without a normalisation, c + α ·
/// conv1x1(what it reads) to the convolution's own result c.
pub fn add(edits: &mut Edits, site: &Site, value: f64) {
    let id = |part: &str| format!("skip.{}.{part}", site.conv);
    let (branch, result) = layers(site, &id, value);
    let new = branch.parameters.into_iter().map(|new| Parameter { prunable: false, ..new });
    edits.parameters.extend(new);
    edits.buffers.extend(branch.buffers);
    edits.nodes.extend(branch.nodes);
    let (from, knob) = (site.sum_with().to_owned(), format!("knob:{ALPHA}"));
    edits.nodes.push(binary(id("scaled"), "aten::mul.Tensor", result, knob));
    edits.nodes.push(binary(id("sum"), "aten::add.Tensor", from.clone(), id("scaled")));
    edits.rewires.push(Rewire { from, to: id("sum") });
}

/// The layers as a graph of their own that is fed what the convolution reads, and the last node.
fn layers(site: &Site, id: &dyn Fn(&str) -> String, value: f64) -> (Graph, String) {
    let input = TensorSpec { name: site.input.clone(), shape: Vec::new(), dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![input]);
    let mut x = graph.input();
    if let Some(pads) = site.pads {
        let attrs = json!({ "pad": pads });
        x = graph.node(&id("pixels"), "aten::constant_pad_nd", &[&x], &[], attrs);
    }
    let weight = format!("{}.weight", id("conv"));
    graph.parameter(Parameter {
        name: weight.clone(),
        shape: vec![site.outputs, site.inputs / site.groups.max(1), 1, 1],
        dtype: "f32".to_owned(),
        role: Role::Conv,
        decay: true,
        prunable: false,
        init: Initial::constant(value),
    });
    let attrs = json!({ "stride": site.stride, "padding": [0, 0], "groups": site.groups });
    let mut y = graph.node(&id("conv"), "aten::conv2d", &[&x], &[("weight", weight)], attrs);
    if site.norm.is_some() {
        y = graph.batch_norm2d(&id("bn"), &y, site.outputs);
    }
    (graph.finish(), y.name().to_owned())
}

fn binary(id: String, op: &str, a: String, b: String) -> Node {
    Node {
        id,
        op: op.to_owned(),
        inputs: vec![Input::One(a), Input::One(b)],
        params: Default::default(),
        attrs: Default::default(),
        site: None,
    }
}
