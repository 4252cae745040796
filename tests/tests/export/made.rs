//! Networks with numbers in all their tensors, as a training would leave them, and their exports.

use std::fs;
use std::path::Path;

use jackpot::export::{Program, graph, onnx};
use jackpot::model::Network;
use jackpot::model::state::{State, to_safetensors};
use jackpot::prune::Masks;
use jackpot_plugin_api::graph::Role;
use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use crate::formula::{mask, seed, values};
use crate::setup::{Parts, reference};

/// The shape of an architecture's images, and a width that makes it small.
pub fn small(architecture: &str) -> (i64, [usize; 3]) {
    match architecture {
        "lenet-300-100" => (8, [1, 28, 28]),
        "lenet-5" => (4, [1, 28, 28]),
        _ => (8, [3, 32, 32]),
    }
}

/// A network of ten classes at the end of its training.
pub fn network(
    architecture: &str,
    (width, shape): (i64, [usize; 3]),
    activation: Option<(&str, serde_json::Value)>,
    skip: Option<serde_json::Value>,
) -> Network {
    let mut parts = Parts::of(architecture, width, shape, 10);
    parts.train.activation = activation.map(|(name, params)| reference(name, &params));
    parts.train.skip = skip.map(|params| reference("ghost-skip", &params));
    let mut network = parts.training().network;
    let end = jackpot_plugin_api::ctx::Progress { step: 200, ..crate::setup::START };
    network.set_progress(end).unwrap();
    fill(&network);
    network
}

/// Weights that keep the size of what goes through them, norms and statistics near 1 and 0.
fn fill(network: &Network) {
    let put = |name: &str, tensor: &Tensor, middle: f64, spread: f64| {
        if tensor.is_floating_point() {
            let numbers = values(tensor.numel(), seed(&format!("export/{name}")), spread);
            let numbers = Tensor::from_slice(&numbers).reshape(tensor.size()) + middle;
            tch::no_grad(|| tensor.shallow_clone().copy_(&numbers));
        }
    };
    for parameter in network.parameters() {
        let size = parameter.tensor.size();
        let fan_in: i64 = size.iter().skip(1).product();
        let (middle, spread) = match (parameter.role, parameter.name.ends_with("weight")) {
            (Role::Conv | Role::Linear, _) => (0.0, (3.0 / fan_in as f64).sqrt()),
            (Role::Norm, true) => (1.0, 0.3),
            _ => (0.0, 0.2),
        };
        put(&parameter.name, &parameter.tensor, middle, spread);
    }
    for buffer in network.buffers() {
        let middle = if buffer.name.ends_with("running_var") { 1.0 } else { 0.0 };
        put(&buffer.name, &buffer.tensor, middle, 0.3);
    }
}

/// Masks that keep three quarters of each convolution and linear layer, on the network's weights.
pub fn pruned(network: &Network) -> Masks {
    let weights = network.parameters().iter().filter(|p| p.prunable);
    let masks = Masks::from_tensors(weights.map(|p| {
        let kept = mask(p.tensor.numel(), seed(&format!("export/mask/{}", p.name)), 0.75);
        (p.name.clone(), Tensor::from_slice(&kept).reshape(p.tensor.size()))
    }));
    masks.apply(network).unwrap();
    masks
}

/// Normalised images.
pub fn images(count: usize, shape: [usize; 3]) -> Tensor {
    let size = [&[count], &shape[..]].concat();
    let pixels = values(size.iter().product(), seed("export/images"), 1.7);
    let size: Vec<i64> = size.into_iter().map(|size| size as i64).collect();
    Tensor::from_slice(&pixels).reshape(size).to_kind(Kind::Float)
}

/// The network's own logits.
pub fn logits(network: &Network, images: &Tensor) -> Tensor {
    tch::no_grad(|| network.forward(images, Mode::Eval).unwrap()).swap_remove(0).1
}

/// Writes everything under that name: the exports, and inputs with the network's logits.
pub fn write(
    folder: &Path,
    name: &str,
    program: &Program,
    network: &Network,
    (inputs, logits): (&Tensor, &Tensor),
) {
    let file = |ending: &str, bytes: &[u8]| {
        fs::write(folder.join(format!("{name}{ending}")), bytes).unwrap();
    };
    let made = graph::graph(program, network).unwrap();
    let weights = graph::weights(program, network, &made);
    let about = [("jackpot.job".to_owned(), name.to_owned())];
    file(".onnx", &onnx::encode(program, &about).unwrap());
    file(".graph.json", &serde_json::to_vec(&made).unwrap());
    file(".safetensors", &to_safetensors(&weights).unwrap());
    let both = State::from([
        ("inputs".to_owned(), inputs.shallow_clone()),
        ("logits".to_owned(), logits.shallow_clone()),
    ]);
    file(".logits", &to_safetensors(&both).unwrap());
}
