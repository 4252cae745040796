//! The nodes and parameters of one connection.

use jackpot_plugin_api::prelude::*;

use crate::ALPHA;
use crate::sites::Site;

/// Adds, for the convolution `c` with the normalisation `n`:
/// `n + α · batch_norm(conv1x1(what c reads))`, which every reader of `n` reads from then on.
pub fn add(edits: &mut Edits, site: &Site, value: f64) {
    let id = |part: &str| format!("skip.{}.{part}", site.conv);
    let branch = layers(site, &id, value);
    let new = branch.parameters.into_iter().map(|new| Parameter { prunable: false, ..new });
    edits.parameters.extend(new);
    edits.buffers.extend(branch.buffers);
    edits.nodes.extend(branch.nodes);
    let knob = format!("knob:{ALPHA}");
    edits.nodes.push(binary(id("scaled"), "aten::mul.Tensor", id("bn"), knob));
    edits.nodes.push(binary(id("sum"), "aten::add.Tensor", site.norm.clone(), id("scaled")));
    edits.rewires.push(Rewire { from: site.norm.clone(), to: id("sum") });
}

/// Convolution and normalisation, as a graph of their own that is fed what the convolution reads.
fn layers(site: &Site, id: &dyn Fn(&str) -> String, value: f64) -> Graph {
    let input = TensorSpec { name: site.input.clone(), shape: Vec::new(), dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![input]);
    let x = graph.input();
    let conv = Conv2d::new(site.inputs, site.outputs, 1)
        .stride(site.stride)
        .init(Initial::constant(value));
    let y = graph.conv2d(&id("conv"), &x, conv);
    graph.batch_norm2d(&id("bn"), &y, site.outputs);
    graph.finish()
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
