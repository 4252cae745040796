//! Activation plugins: values, first and second derivatives through the hook.

use jackpot::plugin::HookContext;
use jackpot::plugin::kinds::{Activation, Common};
use jackpot::torch::grad::{GradOptions, grad};
use jackpot_plugin_api::manifest;
use serde_json::Value;
use tch::{Kind, Tensor};

use crate::data::{Case, case, numbers};
use crate::setup::{START, instance};

/// y, dy/dx and d²y/dx² of each x, as the host computes them.
fn derivatives(activation: &Activation, x: &Tensor) -> [Tensor; 3] {
    let x = x.detach().set_requires_grad(true);
    let context = HookContext::plain(activation.name(), "", START, 0);
    let y = activation.forward(&x, &context).unwrap();
    let ones = y.ones_like();
    let one = |y: &Tensor, create_graph| {
        let options = GradOptions { create_graph, ..GradOptions::default() };
        grad(&[y], &[&x], Some(&[&ones]), options).unwrap().remove(0).unwrap()
    };
    let first = one(&y, true);
    let second = one(&first, false);
    [y, first, second]
}

fn items(golden: &Case) -> impl Iterator<Item = (&str, &Value)> {
    golden.about["items"].as_object().unwrap().iter().map(|(name, params)| (name.as_str(), params))
}

/// Each item's results beside the stored ones, point by point.
fn check(kind: Kind, close: impl Fn(&Point) -> bool) {
    let golden = case("activations");
    assert_eq!(items(&golden).count(), 5);
    for (name, params) in items(&golden) {
        let plugin = name.split('-').next().unwrap();
        let activation = Activation::new(instance(manifest::Kind::Activation, plugin, params));
        let grid = golden.tensor(&format!("{name}/x"));
        let found = derivatives(&activation, &grid.to_kind(kind));
        let beta = params["beta"].as_f64().unwrap_or(1.0);
        let grid = numbers(&grid);
        for ((order, part), ours) in (0..).zip(["y", "first", "second"]).zip(found) {
            assert_eq!(ours.kind(), kind);
            let theirs = golden.values(&format!("{name}/{part}"));
            for ((&x, ours), theirs) in grid.iter().zip(numbers(&ours)).zip(theirs) {
                let point = Point { x, ours, theirs, steepness: beta.max(1.0).powi(order) };
                assert!(close(&point), "{name}, {part}, {kind:?}: {point:?}");
            }
        }
    }
}

#[derive(Debug)]
struct Point {
    x: f64,
    ours: f64,
    theirs: f64,
    /// How large a derivative of this order can be.
    steepness: f64,
}

impl Point {
    fn off(&self) -> f64 {
        (self.ours - self.theirs).abs()
    }
}

#[test]
fn f64_values_and_derivatives() {
    check(Kind::Double, |point| point.off() <= 1e-13 * point.theirs.abs().max(point.steepness));
}

#[test]
fn f64_tails_are_exact_to_the_last_digits() {
    // To the left both functions fall to 0 like x·eˣ; near 0 they are straight.
    check(Kind::Double, |point| {
        point.x > 0.0 || point.off() <= 1e-10 * point.theirs.abs() + f64::MIN_POSITIVE
    });
}

#[test]
fn f32_values_and_derivatives() {
    // Where the sigmoid is nearly 1, its distance from 1 is rounded to 6e-8 and then multiplied
    // by up to βx = 17 times the steepness.
    check(Kind::Float, |point| point.off() <= 1e-6 * point.theirs.abs().max(point.steepness));
}

#[test]
fn beta_must_not_be_negative() {
    let params = serde_json::json!({ "beta": -1.0 });
    let params = params.as_object().unwrap();
    let created = crate::setup::registry().create(manifest::Kind::Activation, "swish", params);
    let error = created.unwrap_err().to_string();
    assert!(error.contains("beta"), "{error}");
}
