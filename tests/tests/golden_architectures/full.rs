//! Logits, statistics and gradients at the default width, on images of full size.

use jackpot::model::Network;
use jackpot::model::graph::source::{from_plugin, image_input, logits_output};
use jackpot::plugin::kinds::Architecture;
use jackpot::torch::grad::{GradOptions, grad};
use jackpot::train::loss::cross_entropy;
use jackpot_plugin_api::manifest;
use jackpot_plugin_api::model::Mode;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::compare::{Named, projected};
use crate::data::{case_of, numbers};
use crate::net::{LARGE, Net, OTHERS, SMALL, Setting, shape};
use crate::setup::{Parts, instance};
use crate::state;

/// The host's parts of the architecture without any parameter.
fn default(net: &Net) -> Parts {
    let item = Architecture::new(instance(manifest::Kind::Architecture, net.name, &json!({})));
    let shape = shape(&net.golden.about["shape"]);
    let graph = from_plugin(&item, &image_input(shape), &logits_output(10)).unwrap();
    Parts { graph, ..Parts::of(net.name, 1, shape, 10) }
}

/// By the norm of the stored ones.
#[track_caller]
fn off(found: &Tensor, stored: &[f64]) -> f64 {
    let found = numbers(found);
    assert_eq!(found.len(), stored.len());
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut found.iter().zip(stored).map(|(a, b)| a - b)) / norm(&mut stored.iter().copied())
}

fn gradients(network: &Network, loss: &Tensor) -> Named {
    let weights: Vec<_> = network.parameters().iter().map(|p| &p.tensor).collect();
    let found = grad(&[loss], &weights, None, GradOptions::default()).unwrap();
    let named = network.parameters().iter().zip(found);
    named.map(|(p, gradient)| (p.name.clone(), numbers(&gradient.unwrap()))).collect()
}

fn check(name: &'static str, kind: Kind) {
    let tolerance = if kind == Kind::Double { 1e-9 } else { 1e-4 };
    let net = Net { name, golden: case_of("full.json", name) };
    let (golden, setting) = (&net.golden, Setting::of(&net.golden.about));
    let parts = default(&net);
    let mut network = parts.training().network;
    let count: usize = network.parameters().iter().map(|p| p.tensor.numel()).sum();
    assert_eq!(count as f64, golden.number("parameters"), "{name}");
    let label = golden.text("label");
    state::load(&mut network, label, kind);
    let (batch, what) = (net.batch(label, &setting, kind), format!("{name} {kind:?}"));
    let stored = |key: &str| golden.values(&format!("{name}/{key}"));
    let forward = |mode| network.forward(&batch.inputs, mode).unwrap().remove(0).1;
    let eval = off(&tch::no_grad(|| forward(Mode::Eval)), &stored("eval"));
    let logits = forward(Mode::Train);
    let train = off(&logits, &stored("train"));
    println!("{what}: logits {eval:.1e} {train:.1e}");
    assert!(eval <= tolerance && train <= tolerance, "{what}: logits {eval:e} {train:e} off");
    let statistics = state::statistics(&network);
    if !statistics.is_empty() {
        let rows = golden.rows(&format!("{name}/statistics"));
        projected(&statistics, &rows).within(tolerance, &format!("{what}, statistics"));
    }
    let loss = cross_entropy(&logits, &batch.targets).unwrap();
    let (value, expected) = (loss.double_value(&[]), stored("loss")[0]);
    assert!((value - expected).abs() <= tolerance * expected, "{what}: {value}, not {expected}");
    if kind == Kind::Float && golden.about["fit_for_f32"] == false {
        return;
    }
    let rows = golden.rows(&format!("{name}/gradients"));
    projected(&gradients(&network, &loss), &rows).within(tolerance, &format!("{what}, gradients"));
}

fn check_all(names: &[&'static str], kind: Kind) {
    names.iter().for_each(|name| check(name, kind));
}

#[test]
fn small_resnets_in_f32() {
    check_all(SMALL, Kind::Float);
}

#[test]
fn small_resnets_in_f64() {
    check_all(SMALL, Kind::Double);
}

#[test]
fn large_resnets_in_f32() {
    check_all(LARGE, Kind::Float);
}

#[test]
fn large_resnets_in_f64() {
    check_all(LARGE, Kind::Double);
}

#[test]
fn vgg_mobilenets_and_lenets_in_f32() {
    check_all(OTHERS, Kind::Float);
}

#[test]
fn vgg_mobilenets_and_lenets_in_f64() {
    check_all(OTHERS, Kind::Double);
}
