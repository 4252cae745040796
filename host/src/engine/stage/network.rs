//! The stage's network.

use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder, NodeRef};

use super::images::{CLASSES, SHAPE};
use crate::model::graph::source::{image_input, logits_output};

/// Channels of the first part; the second has twice as many, at half the size.
const WIDTH: i64 = 8;

/// A stem, a residual block, a convolution of stride 2, a hidden linear layer.
pub fn graph() -> Graph {
    let mut graph = GraphBuilder::new(vec![image_input(SHAPE)]);
    let images = graph.input();
    let x = conv(&mut graph, ("conv1", "bn1"), &images, Conv2d::new(3, WIDTH, 3));
    let x = graph.activation("relu1", &x);
    let kept = Conv2d::new(WIDTH, WIDTH, 3);
    let y = conv(&mut graph, ("block.conv1", "block.bn1"), &x, kept);
    let y = graph.activation("block.relu1", &y);
    let y = conv(&mut graph, ("block.conv2", "block.bn2"), &y, kept);
    let x = graph.add("block.sum", &y, &x);
    let x = graph.activation("block.relu2", &x);
    let x = conv(&mut graph, ("conv2", "bn2"), &x, Conv2d::new(WIDTH, 2 * WIDTH, 3).stride(2));
    let x = graph.activation("relu2", &x);
    let x = graph.global_avg_pool("pool", &x);
    let x = graph.linear("hidden", &x, 2 * WIDTH, 2 * WIDTH);
    let x = graph.activation("hidden.relu", &x);
    let x = graph.linear("linear", &x, 2 * WIDTH, CLASSES as i64);
    graph.output(&logits_output(CLASSES).name, &x);
    graph.finish()
}

/// A convolution and the normalisation after it.
fn conv(graph: &mut GraphBuilder, names: (&str, &str), x: &NodeRef, conv: Conv2d) -> NodeRef {
    let x = graph.conv2d(names.0, x, conv);
    graph.batch_norm2d(names.1, &x, conv.outputs)
}
