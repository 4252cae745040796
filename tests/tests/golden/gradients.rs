//! Gradients of the mean cross-entropy by every parameter.

use jackpot::torch::grad::{GradOptions, grad};
use jackpot::train::loss::cross_entropy;
use jackpot_plugin_api::model::Mode;
use tch::Kind;

use crate::compare::{Worst, projected, whole};
use crate::data::{Case, case, numbers};
use crate::state::{self, Shape};

/// The loss and the gradients by name.
fn gradients(golden: &Case, kind: Kind) -> (f64, Vec<(String, Vec<f64>)>) {
    let (label, shape) = (golden.text("label"), Shape::of(&golden.about));
    let parts = shape.parts();
    let mut network = parts.training().network;
    state::load(&mut network, label, kind);
    let batch = shape.batch(label, kind);
    let outputs = network.forward(&batch.inputs, Mode::Train).unwrap();
    let loss = cross_entropy(&outputs[0].1, &batch.targets).unwrap();
    let weights: Vec<_> = network.parameters().iter().map(|p| &p.tensor).collect();
    let found = grad(&[&loss], &weights, None, GradOptions::default()).unwrap();
    let named = network.parameters().iter().zip(found);
    let named = named.map(|(p, gradient)| (p.name.clone(), numbers(&gradient.unwrap()))).collect();
    (loss.double_value(&[]), named)
}

fn check(name: &str, kind: Kind, tolerance: f64) {
    let golden = case(&format!("gradient-{name}"));
    let (loss, found) = gradients(&golden, kind);
    let expected = golden.values("loss")[0];
    assert!((loss - expected).abs() <= tolerance * expected, "{name}: loss {loss}, not {expected}");
    let worst: Worst = if golden.has("gradients") {
        whole(&found, &golden.values("gradients"))
    } else {
        for ((name, gradient), norm) in found.iter().zip(golden.values("norms")) {
            let own = gradient.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!((own - norm).abs() <= tolerance * norm.max(1.0), "{name}: {own}, not {norm}");
        }
        projected(&found, &golden.rows("projections"))
    };
    worst.within(tolerance, &format!("{name} {kind:?}"));
}

#[test]
fn f32_gradients() {
    for name in
        ["resnet8-4", "resnet20-2", "resnet18-2", "resnet8-16", "resnet20-16", "resnet18-64"]
    {
        check(name, Kind::Float, 1e-4);
    }
}

#[test]
fn f64_gradients_stored_as_f32() {
    // f32 rounds by 6e-8 at most.
    for name in ["resnet8-4", "resnet20-2", "resnet18-2"] {
        check(name, Kind::Double, 1e-7);
    }
}

#[test]
fn f64_gradients_by_projections() {
    for name in ["resnet8-16", "resnet20-16"] {
        check(name, Kind::Double, 1e-9);
    }
}
