//! Gradients of the mean cross-entropy by every parameter.

use jackpot::torch::grad::{GradOptions, grad};
use jackpot::train::loss::cross_entropy;
use jackpot_plugin_api::model::Mode;
use tch::Kind;

use crate::compare::projected;
use crate::data::numbers;
use crate::net::{Net, Setting, all};
use crate::state;

fn check(name: &'static str, kind: Kind, tolerance: f64) {
    let net = Net::of(name);
    let about = &net.golden.about["gradient"];
    let (label, setting) = (about["label"].as_str().unwrap(), Setting::of(about));
    let parts = net.parts(&setting);
    let mut network = parts.training().network;
    state::load(&mut network, label, kind);
    let batch = net.batch(label, &setting, kind);
    let outputs = network.forward(&batch.inputs, Mode::Train).unwrap();
    let loss = cross_entropy(&outputs[0].1, &batch.targets).unwrap();
    let weights: Vec<_> = network.parameters().iter().map(|p| &p.tensor).collect();
    let found = grad(&[&loss], &weights, None, GradOptions::default()).unwrap();
    let named = network.parameters().iter().zip(found);
    let gradients: Vec<_> =
        named.map(|(p, gradient)| (p.name.clone(), numbers(&gradient.unwrap()))).collect();
    let (loss, expected) = (loss.double_value(&[]), net.golden.values("gradient/loss")[0]);
    assert!((loss - expected).abs() <= tolerance * expected, "{name}: loss {loss}, not {expected}");
    let worst = projected(&gradients, &net.golden.rows("gradient/all"));
    worst.within(tolerance, &format!("{name} {kind:?}"));
}

#[test]
fn f32_gradients() {
    all().for_each(|name| check(name, Kind::Float, 1e-4));
}

#[test]
fn f64_gradients() {
    all().for_each(|name| check(name, Kind::Double, 1e-9));
}
