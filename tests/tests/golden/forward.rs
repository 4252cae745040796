//! Logits and running statistics of whole networks.

use jackpot::model::state::State;
use jackpot::model::{Network, Substitutes};
use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use crate::compare::{difference, projected};
use crate::data::{case, numbers};
use crate::state::{self, Shape};

const CASES: [&str; 8] = [
    "resnet8-4",
    "resnet8-16",
    "resnet20-4",
    "resnet20-16",
    "resnet32-16",
    "resnet18-4",
    "resnet18-16",
    "resnet18-64",
];

fn logits(network: &Network, inputs: &Tensor, mode: Mode) -> Vec<f64> {
    let outputs = tch::no_grad(|| network.forward(inputs, mode).unwrap());
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0].0, "logits");
    assert_eq!(outputs[0].1.kind(), inputs.kind());
    numbers(&outputs[0].1)
}

/// Eval, batch-statistics and train mode, then the statistics that train mode leaves.
fn check(name: &str, kind: Kind, tolerance: f64) {
    let golden = case(&format!("forward-{name}"));
    let (label, shape) = (golden.text("label"), Shape::of(&golden.about));
    let parts = shape.parts();
    let mut network = parts.training().network;
    state::load(&mut network, label, kind);
    let inputs = shape.batch(label, kind).inputs;
    let before = state::statistics(&network);
    let off = |mode, what| difference(&logits(&network, &inputs, mode), &golden.values(what));
    let (eval, batch) = (off(Mode::Eval, "eval"), off(Mode::BatchStats, "train"));
    assert_eq!(state::statistics(&network), before, "only train mode may change statistics");
    let train = off(Mode::Train, "train");
    println!("{name} {kind:?}: logits {eval:.1e} {batch:.1e} {train:.1e}");
    for (mode, off) in [("eval", eval), ("batch-stats", batch), ("train", train)] {
        assert!(off <= tolerance, "{name} {kind:?} {mode}: logits are {off:e} off");
    }
    let rows = golden.rows("statistics");
    projected(&state::statistics(&network), &rows).within(tolerance, "running statistics");
}

#[test]
fn f32_logits_and_statistics() {
    for name in CASES {
        check(name, Kind::Float, 1e-4);
    }
}

#[test]
fn f64_logits_and_statistics() {
    for name in CASES {
        check(name, Kind::Double, 1e-10);
    }
}

fn pick<'a>(
    state: &'a State,
    names: impl Iterator<Item = &'a String>,
) -> Vec<(&'a str, &'a Tensor)> {
    names.map(|name| (name.as_str(), &state[name])).collect()
}

#[test]
fn substituted_tensors_compute_in_their_own_precision() {
    let golden = case("forward-resnet20-4");
    let (label, shape) = (golden.text("label"), Shape::of(&golden.about));
    let parts = shape.parts();
    let network = parts.training().network;
    let exact = state::weights(&network, label);
    let parameters = pick(&exact, network.parameters().iter().map(|p| &p.name));
    // The numbers of batches are whole; they may stay the network's own.
    let buffers = network.buffers().iter().map(|b| &b.name);
    let buffers = pick(&exact, buffers.filter(|name| name.contains("running")));
    let substitutes = Substitutes { parameters: &parameters, buffers: &buffers };
    let inputs = shape.batch(label, Kind::Double).inputs;
    let outputs = network.forward_with(&inputs, Mode::Eval, substitutes).unwrap();
    let off = difference(&numbers(&outputs[0].1), &golden.values("eval"));
    assert!(off <= 1e-10, "{off:e}");
    let unknown = [("conv9.weight", parameters[0].1)];
    let substitutes = Substitutes { parameters: &unknown, buffers: &[] };
    let error = network.forward_with(&inputs, Mode::Eval, substitutes).unwrap_err();
    assert!(error.to_string().contains("conv9.weight"), "{error}");
}
