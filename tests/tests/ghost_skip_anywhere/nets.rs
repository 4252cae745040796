//! The networks, and what the connections in them must be.

use jackpot::model::Network;
use jackpot::train::batches::Prepared;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::model::Mode;
use serde_json::{Value, json};
use tch::{Kind, Tensor};

use crate::data::numbers;
use crate::formula;
use crate::setup::{Parts, reference};

/// Images in a batch.
const BATCH: usize = 4;

/// A network with its connections, counted by hand.
pub struct Case {
    pub name: &'static str,
    pub shape: [usize; 3],
    pub connections: usize,
    /// Numbers in their weights and normalisations.
    pub added: usize,
    from: From,
}

/// Where a network comes from.
enum From {
    /// A plugin, of that width.
    Plugin(i64),
    /// A graph in the schema.
    Graph(fn() -> Graph),
}

impl Case {
    /// The host's parts of the network with that skip, if any.
    pub fn parts(&self, skip: Option<&Value>) -> Parts {
        let mut parts = match self.from {
            From::Plugin(width) => Parts::of(self.name, width, self.shape, 4),
            From::Graph(graph) => Parts { graph: graph(), ..Parts::new("resnet8", 1, 8, 4) },
        };
        parts.train.skip = skip.map(|params| reference("ghost-skip", params));
        parts
    }

    /// Images and one-hot targets.
    pub fn batch(&self, label: &str, kind: Kind) -> Prepared {
        let seed = |what: &str| formula::seed(&format!("{label}/{what}"));
        let size = [&[BATCH], &self.shape[..]].concat();
        let pixels = formula::values(size.iter().product(), seed("inputs"), 1.0);
        let size: Vec<_> = size.into_iter().map(|size| size as i64).collect();
        let labels = Tensor::from_slice(&formula::labels(BATCH, seed("labels"), 4));
        Prepared {
            inputs: Tensor::from_slice(&pixels).reshape(size).to_kind(kind),
            targets: labels.one_hot(4).to_kind(kind),
        }
    }
}

/// All of them. A dense connection has inputs · outputs weights, a depthwise one as many as
/// channels; its normalisation, where there is one, two for each channel.
pub fn all() -> Vec<Case> {
    let plugin = |name, width, shape, connections, added| {
        let from = From::Plugin(width);
        Case { name, shape, connections, added, from }
    };
    let graph = |name, graph, shape, connections, added| {
        let from = From::Graph(graph);
        Case { name, shape, connections, added, from }
    };
    // n² weights and 2n of the normalisation.
    let square = |n: usize| n * n + 2 * n;
    let six_n = 2 * square(4) + (4 * 8 + 16) + square(8) + (8 * 16 + 32) + square(16);
    let bottleneck = 3 * square(4) + 4 * square(8) + 6 * square(16) + 3 * square(32);
    let wider = |n: usize| 2 * n * n + 4 * n;
    let chain = square(4) + wider(4) + square(8) + wider(8) + 2 * square(16) + wider(16);
    // Inputs of the thirteen depthwise convolutions, in units of the width.
    let separable = 4 * (1 + 2 + 4 + 4 + 8 + 8 + 6 * 16 + 32);
    // Six times the inputs of the seventeen, but the first; at width 32 these are 7136.
    let inverted = (32 + 6 * (16 + 2 * 24 + 3 * 32 + 4 * 64 + 3 * 96 + 3 * 160)) / 4;
    vec![
        plugin("resnet8", 4, [3, 16, 16], 6, six_n),
        plugin("resnet50", 4, [3, 16, 16], 16, bottleneck),
        plugin("vgg16", 4, [3, 32, 32], 12, chain + 5 * square(32)),
        plugin("mobilenet", 4, [3, 32, 32], 13, 3 * separable),
        plugin("mobilenet-v2", 8, [3, 16, 16], 17, 3 * inverted),
        // 4 → 10 channels, without normalisation.
        plugin("lenet-5", 4, [1, 28, 28], 1, 4 * 10),
        graph("branches", || exported("branches"), [3, 8, 8], 3, 2 * square(4) + 3 * 8),
        graph("operators", || exported("operators"), [3, 8, 8], 1, 3 * 8),
        graph("oblong", oblong, [3, 12, 14], 1, 6 * 2 + 2 * 6),
    ]
}

/// What was exported from PyTorch.
fn exported(name: &str) -> Graph {
    let file = format!("golden/data/own_network-{name}.net.json");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    jackpot::model::graph::source::from_file(&path).unwrap()
}

/// A convolution in two groups, different in both directions, on an image that is not square.
fn oblong() -> Graph {
    let parameter = |name: &str, shape: &[i64], role: &str| {
        let init = json!({ "kind": "constant", "value": 1.0 });
        json!({ "name": name, "shape": shape, "role": role, "init": init })
    };
    let graph = json!({
        "schema": 1,
        "inputs": [{ "name": "x", "shape": [3, 12, 14] }],
        "outputs": [{ "name": "logits", "from": "head" }],
        "parameters": [
            parameter("stem.weight", &[4, 3, 1, 1], "conv"),
            parameter("body.weight", &[6, 2, 3, 5], "conv"),
            parameter("norm.weight", &[6], "norm"),
            parameter("norm.bias", &[6], "norm"),
            parameter("head.weight", &[4, 6], "linear"),
        ],
        "buffers": [
            { "name": "norm.running_mean", "shape": [6], "init": { "kind": "constant", "value": 0.0 } },
            { "name": "norm.running_var", "shape": [6], "init": { "kind": "constant", "value": 1.0 } },
        ],
        "nodes": [
            { "id": "stem", "op": "aten::conv2d", "inputs": ["x"], "params": { "weight": "stem.weight" } },
            { "id": "body", "op": "aten::conv2d", "inputs": ["stem"], "params": { "weight": "body.weight" },
              "attrs": { "groups": 2, "stride": [2, 1], "padding": [0, 1], "dilation": [1, 2] } },
            { "id": "norm", "op": "aten::batch_norm", "inputs": ["body"],
              "params": { "weight": "norm.weight", "bias": "norm.bias",
                          "running_mean": "norm.running_mean", "running_var": "norm.running_var" },
              "attrs": { "momentum": 0.1, "eps": 1e-5 } },
            { "id": "relu", "op": "aten::relu", "inputs": ["norm"], "site": "activation" },
            { "id": "pool", "op": "aten::mean.dim", "inputs": ["relu"], "attrs": { "dim": [2, 3] } },
            { "id": "head", "op": "aten::linear", "inputs": ["pool"], "params": { "weight": "head.weight" } },
        ],
    });
    serde_json::from_value(graph).unwrap()
}

/// A point of a training of twenty steps.
pub fn at(step: u64) -> Progress {
    Progress { step, steps_per_epoch: 2, total_steps: 20 }
}

pub fn logits(network: &Network, inputs: &Tensor, mode: Mode) -> Vec<f64> {
    numbers(&tch::no_grad(|| network.forward(inputs, mode).unwrap())[0].1)
}

pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}
