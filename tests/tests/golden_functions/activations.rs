//! Values, first and second derivatives through the hook, far out too; the ghost neuron at several
//! points of its fade.

use jackpot::plugin::HookContext;
use jackpot::plugin::kinds::{Activation, Common};
use jackpot::torch::grad::{GradOptions, grad};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::manifest;
use serde_json::Value;
use tch::{Device, Kind, Tensor};

use crate::data::{Case, case_of, numbers};
use crate::setup::instance;

/// The activation of `x` at that point of the training, with the knobs that it asks for.
pub fn forward(activation: &Activation, x: &Tensor, progress: Progress) -> Tensor {
    let names = activation.instance().knobs();
    let knobs: Vec<Tensor> = names
        .iter()
        .map(|name| activation.knob(name, progress).unwrap())
        .map(|value| Tensor::full([], value, (x.kind(), Device::Cpu)))
        .collect();
    let tensors: Vec<_> = names.iter().map(String::as_str).zip(&knobs).collect();
    let plain = HookContext::plain(activation.name(), "", progress, 0);
    activation.forward(x, &HookContext { tensors: &tensors, ..plain }).unwrap()
}

/// y, dy/dx and d²y/dx² of each x, as the host computes them.
pub fn derivatives(activation: &Activation, x: &Tensor, progress: Progress) -> [Tensor; 3] {
    let x = x.detach().set_requires_grad(true);
    let y = forward(activation, &x, progress);
    let ones = y.ones_like();
    let one = |y: &Tensor, create_graph| {
        let options = GradOptions { create_graph, ..GradOptions::default() };
        grad(&[y], &[&x], Some(&[&ones]), options).unwrap().remove(0).unwrap()
    };
    let first = one(&y, true);
    let second = one(&first, false);
    [y, first, second]
}

struct Point<'a> {
    item: &'a Value,
    part: &'a str,
    x: f64,
    ours: f64,
    theirs: f64,
    /// How large it can be, apart from a value that grows like x: 1/β, 1 and β.
    size: f64,
}

/// How far the worst of all points is off, in units of what `unit` says; 0 where that is `None`.
fn worst(golden: &Case, kind: Kind, unit: impl Fn(&Point<'_>) -> Option<f64>) -> f64 {
    let items = golden.about["items"].as_array().unwrap();
    assert_eq!(items.len(), 16);
    let steps_per_epoch = golden.about["steps_per_epoch"].as_u64().unwrap();
    let (grid, mut worst) = (golden.tensor("x"), 0.0_f64);
    for (index, item) in items.iter().enumerate() {
        let plugin = item["plugin"].as_str().unwrap();
        let activation =
            Activation::new(instance(manifest::Kind::Activation, plugin, &item["params"]));
        let step = item["step"].as_u64().unwrap();
        let progress = Progress { step, steps_per_epoch, total_steps: 2000 };
        let found = derivatives(&activation, &grid.to_kind(kind), progress);
        let steepness = item["steepness"].as_f64().unwrap();
        for ((order, part), ours) in (-1..).zip(["y", "first", "second"]).zip(found) {
            assert_eq!(ours.kind(), kind);
            let (size, theirs) = (steepness.powi(order), golden.values(&format!("{index}/{part}")));
            for ((x, ours), theirs) in numbers(&grid).into_iter().zip(numbers(&ours)).zip(theirs) {
                assert!(ours.is_finite(), "{item}: {part} at {x} is {ours}");
                let point = Point { item, part, x, ours, theirs, size };
                let Some(unit) = unit(&point) else { continue };
                let off = (ours - theirs).abs() / unit;
                if off > worst {
                    worst = off;
                    let Point { item, part, x, ours, theirs, .. } = point;
                    println!("{off:.1e}: {item}, {part} at {x}: {ours:e}, not {theirs:e}");
                }
            }
        }
    }
    worst
}

fn golden() -> Case {
    case_of("functions.json", "activations")
}

#[test]
fn f64_values_and_derivatives() {
    let off = worst(&golden(), Kind::Double, |point| Some(point.theirs.abs().max(point.size)));
    assert!(off <= 1e-12, "{off:e}");
}

#[test]
fn f64_tails_are_exact_to_the_last_digits() {
    // To the left most functions fall to 0 like x·eˣ, and their relative error grows like x.
    let off = worst(&golden(), Kind::Double, |point| {
        (point.x <= 0.0).then_some(point.theirs.abs() + f64::MIN_POSITIVE / 1e-10)
    });
    assert!(off <= 1e-10, "{off:e}");
}

#[test]
fn f32_values_and_derivatives() {
    // Where a sigmoid is nearly 1, its distance from 1 is rounded to 6e-8 and then multiplied by
    // up to βx = 17. 1e-300 is 0 in f32, where a kink's derivative is that of the other side.
    let off = worst(&golden(), Kind::Float, |point| {
        (point.x.abs() != 1e-300).then_some(point.theirs.abs().max(point.size))
    });
    assert!(off <= 3e-6, "{off:e}");
}
