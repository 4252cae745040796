//! The graphs that are pruned.

use jackpot::model::graph::source::{from_plugin, image_input, logits_output};
use jackpot::plugin::kinds::Architecture;
use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder};
use jackpot_plugin_api::manifest::Kind;
use serde_json::json;

use crate::setup::item;

/// The classes of all networks.
pub const CLASSES: usize = 10;

/// The network of a case, of width 16.
pub fn of_case(name: &str, side: usize) -> Graph {
    of_width(name, 16, side)
}

/// The network of a case, of that width.
pub fn of_width(name: &str, width: i64, side: usize) -> Graph {
    match name {
        "chain" => {
            let pair = |times: i64| [Some(times * width), Some(times * width), None];
            chain(side, &[pair(1), pair(2), pair(4)].concat())
        }
        name => architecture(name, width, side),
    }
}

/// An architecture's.
pub fn architecture(name: &str, width: i64, side: usize) -> Graph {
    let item = Architecture::new(item(Kind::Architecture, name, &json!({ "width": width })));
    from_plugin(&item, &image_input([3, side, side]), &logits_output(CLASSES)).unwrap()
}

/// 3 × 3 convolutions of so many channels with biases, each with batch normalisation and activation;
/// `None` is a pooling; at the end a linear layer. Named as PyTorch's `Sequential` numbers them.
fn chain(side: usize, layers: &[Option<i64>]) -> Graph {
    let mut graph = GraphBuilder::new(vec![image_input([3, side, side])]);
    let (mut x, mut channels, mut side, mut number) = (graph.input(), 3, side as i64, 0);
    for layer in layers {
        match layer {
            None => {
                x = graph.max_pool2d(&format!("features.{number}"), &x, 2);
                (side, number) = (side / 2, number + 1);
            }
            Some(outputs) => {
                let mut name = || {
                    number += 1;
                    format!("features.{}", number - 1)
                };
                x = graph.conv2d(&name(), &x, Conv2d::new(channels, *outputs, 3).bias());
                x = graph.batch_norm2d(&name(), &x, *outputs);
                x = graph.activation(&name(), &x);
                channels = *outputs;
            }
        }
    }
    x = graph.flatten("flatten", &x);
    x = graph.linear("classifier", &x, channels * side * side, CLASSES as i64);
    graph.output("logits", &x);
    graph.finish()
}
