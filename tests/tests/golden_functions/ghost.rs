//! The neuron that becomes ReLU: exactly, without a jump, and in a whole network.

use jackpot::plugin::kinds::{Activation, Common};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::manifest::Kind;
use jackpot_plugin_api::model::Mode;
use serde_json::{Value, json};
use tch::{Device, Tensor};

use crate::activations::{derivatives, forward};
use crate::data::numbers;
use crate::formula::{seed, values};
use crate::setup::{Parts, instance, reference};

fn ghost(fade: &str) -> Activation {
    let params = json!({ "beta": 2.0, "fade": fade });
    Activation::new(instance(Kind::Activation, "pswish", &params))
}

fn at(step: u64) -> Progress {
    Progress { step, steps_per_epoch: 10, total_steps: 100 }
}

#[test]
fn from_the_end_of_the_fade_on_it_is_relu_to_the_bit() {
    let points = [-1e4, -3.5, -1e-30, -0.0, 0.0, 1e-30, 0.75, 1e4, f64::INFINITY];
    let x = Tensor::from_slice(&points);
    for (fade, step) in [("6ep", 60), ("6ep", 99), ("60it", 60), ("0ep", 0)] {
        let [y, first, second] = derivatives(&ghost(fade), &x, at(step));
        assert_eq!(numbers(&y), numbers(&x.relu()), "{fade} at {step}");
        let slope: Vec<f64> = points.iter().map(|&x| f64::from(u8::from(x > 0.0))).collect();
        assert_eq!(numbers(&first), slope);
        assert_eq!(numbers(&second), [0.0; 9]);
    }
}

#[test]
fn the_distance_to_relu_falls_in_a_straight_line_to_nothing() {
    let x = Tensor::linspace(-20.0, 20.0, 400_001, (tch::Kind::Double, Device::Cpu));
    let gap = |step| {
        let y = forward(&ghost("6ep"), &x, at(step));
        (y - x.relu()).abs().max().double_value(&[])
    };
    // The largest u·(1 − σ(u)) is 0.27846…, at u = 1.278….
    let first = 0.278_464_542_761_074 / 2.0;
    for step in [0, 15, 30, 45, 59, 60] {
        let expected = first * (60 - step) as f64 / 60.0;
        let found = gap(step);
        assert!((found - expected).abs() < 1e-6, "{found} at {step}, not {expected}");
    }
}

#[test]
fn a_fade_longer_than_the_training_ends_softly() {
    let knob = ghost("20ep").knob("softness", at(99)).unwrap();
    assert!((knob - 0.5 * 101.0 / 200.0).abs() < 1e-15, "{knob}");
}

#[test]
fn a_network_becomes_the_one_with_relu() {
    let x = values(4 * 3 * 16 * 16, seed("functions/images"), 1.0);
    let x = Tensor::from_slice(&x).to_kind(tch::Kind::Float).reshape([4, 3, 16, 16]);
    let relu = logits(None, &x, &[0]).remove(0);
    let soft = logits(Some(("swish", json!({ "beta": 2.0 }))), &x, &[0]).remove(0);
    let fading = Some(("pswish", json!({ "beta": 2.0, "fade": "6ep" })));
    // Back at step 30 after the end: nothing is kept between calls.
    let [start, half, end, after, again] = &logits(fading, &x, &[0, 30, 60, 99, 30])[..] else {
        panic!("five results")
    };
    assert!(far(start, &soft) < 1e-5 && far(start, &relu) > 1e-2);
    assert!(far(half, &soft) > 1e-2 && far(half, &relu) > 1e-2);
    assert_eq!((end, after, again), (&relu, &relu, half));
}

fn far(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A small network's logits under an activation, at those steps.
fn logits(activation: Option<(&str, Value)>, x: &Tensor, steps: &[u64]) -> Vec<Vec<f64>> {
    let mut parts = Parts::new("resnet8", 4, 16, 10);
    parts.train.activation = activation.map(|(plugin, params)| reference(plugin, &params));
    let mut training = parts.training();
    let at_step = |&step: &u64| {
        training.network.set_progress(at(step)).unwrap();
        numbers(&training.network.forward(x, Mode::BatchStats).unwrap()[0].1)
    };
    steps.iter().map(at_step).collect()
}
