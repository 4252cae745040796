//! Logits and gradients of exported networks, from their graph and weights files alone.

use std::path::Path;

use jackpot::model::graph::source::from_file;
use jackpot::model::state::{self, Extra};
use jackpot::model::{BuildOptions, Network};
use jackpot::plugin::kinds::Activation;
use jackpot::torch::grad::{GradOptions, grad};
use jackpot::torch::settings::set_threads;
use jackpot::train::loss::cross_entropy;
use jackpot_plugin_api::graph::{Graph, Role, SiteKind};
use jackpot_plugin_api::manifest;
use jackpot_plugin_api::model::Mode;
use serde_json::json;
use tch::{Device, Kind, Tensor};

use crate::compare::{difference, whole};
use crate::data::{Case, case_of, numbers};
use crate::setup::{START, instance, registry};
use crate::{formula, golden};

/// Those whose numbers f32 can hold; `operators` magnifies rounding errors.
const SMOOTH: [&str; 3] = ["resnet", "vgg", "branches"];
const ALL: [&str; 4] = ["resnet", "vgg", "branches", "operators"];

fn stored(name: &str) -> (Case, Graph) {
    let case = case_of("own_network.json", name);
    let graph = from_file(&golden(case.text("graph"))).unwrap();
    (case, graph)
}

/// The network of the two files.
fn network(case: &Case, graph: &Graph, activation: Option<&str>, kind: Kind) -> Network {
    set_threads(1).unwrap();
    let item = |name| Activation::new(instance(manifest::Kind::Activation, name, &json!({})));
    let options = BuildOptions {
        activation: activation.map(item),
        skip: None,
        registry: Some(registry()),
        seed: 1,
        device: Device::Cpu,
        start: START,
    };
    let mut network = Network::build(graph, options).unwrap();
    let file = golden(case.text("weights"));
    network.load(&state::read(&file).unwrap(), &file, Extra::Refused).unwrap();
    network.convert_to(kind).unwrap();
    network
}

/// Images, and targets as one-hot rows.
fn batch(case: &Case, kind: Kind) -> (Tensor, Tensor) {
    let (label, classes) = (case.text("label"), case.number("classes") as i64);
    let count = case.number("batch") as usize;
    let seed = |what: &str| formula::seed(&format!("{label}/{what}"));
    let pixels = formula::values(count * 3 * 8 * 8, seed("inputs"), 1.0);
    let labels = formula::labels(count, seed("labels"), classes.cast_unsigned());
    let inputs = Tensor::from_slice(&pixels).reshape([count as i64, 3, 8, 8]).to_kind(kind);
    (inputs, Tensor::from_slice(&labels).one_hot(classes).to_kind(kind))
}

fn logits(network: &Network, inputs: &Tensor, mode: Mode) -> Vec<f64> {
    numbers(&tch::no_grad(|| network.forward(inputs, mode).unwrap())[0].1)
}

fn check_logits(names: &[&str], kind: Kind, tolerance: f64) {
    for name in names {
        let (case, graph) = stored(name);
        let network = network(&case, &graph, None, kind);
        let (inputs, _) = batch(&case, kind);
        for (mode, stored) in [(Mode::Eval, "eval"), (Mode::BatchStats, "train")] {
            let off = difference(&logits(&network, &inputs, mode), &case.values(stored));
            println!("{name} {kind:?} {stored}: {off:.1e}");
            assert!(off <= tolerance, "{name} {kind:?} {stored}: logits are {off:e} off");
        }
    }
}

#[test]
fn f32_logits() {
    check_logits(&SMOOTH, Kind::Float, 1e-4);
}

#[test]
fn f64_logits() {
    check_logits(&ALL, Kind::Double, 1e-10);
}

fn check_gradients(names: &[&str], kind: Kind, tolerance: f64) {
    for name in names {
        let (case, graph) = stored(name);
        let network = network(&case, &graph, None, kind);
        let (inputs, targets) = batch(&case, kind);
        let outputs = network.forward(&inputs, Mode::Train).unwrap();
        let loss = cross_entropy(&outputs[0].1, &targets).unwrap();
        let weights: Vec<_> = network.parameters().iter().map(|p| &p.tensor).collect();
        let found = grad(&[&loss], &weights, None, GradOptions::default()).unwrap();
        let expected = case.values("loss")[0];
        assert!((loss.double_value(&[]) - expected).abs() <= tolerance * expected, "{name}: loss");
        let named = network.parameters().iter().zip(found);
        let named: Vec<_> = named.map(|(p, g)| (p.name.clone(), numbers(&g.unwrap()))).collect();
        whole(&named, &case.values("gradients")).within(tolerance, &format!("{name} {kind:?}"));
    }
}

#[test]
fn f32_gradients() {
    check_gradients(&SMOOTH, Kind::Float, 1e-4);
}

#[test]
fn f64_gradients_stored_as_f32() {
    check_gradients(&ALL, Kind::Double, 1e-7);
}

#[test]
fn a_recipes_activation_takes_the_place_of_every_relu() {
    let (case, graph) = stored("resnet");
    let (inputs, _) = batch(&case, Kind::Double);
    let network = network(&case, &graph, Some("mish"), Kind::Double);
    let off = difference(&logits(&network, &inputs, Mode::Eval), &case.values("mish"));
    assert!(off <= 1e-10, "{off:e}");
}

#[test]
fn sites_have_the_modules_names_and_a_shared_module_has_two() {
    let sites = |name| -> Vec<String> {
        let (_, graph) = stored(name);
        let sites = graph.nodes.iter().filter(|node| node.site == Some(SiteKind::Activation));
        sites.map(|node| node.id.clone()).collect()
    };
    let blocks = ["layer1.0.relu", "layer1.0.relu_1", "layer2.0.relu", "layer2.0.relu_1"];
    assert_eq!(sites("resnet"), [&["relu"], &blocks[..]].concat());
    // ReLU6 is one, too, and no other activation of these.
    assert_eq!(sites("operators"), ["bent.1", "relu"]);
}

#[test]
fn weights_of_convolutions_and_linear_layers_are_prunable() {
    let (_, graph) = stored("branches");
    let prunable: Vec<_> =
        graph.parameters.iter().filter(|p| p.prunable).map(|p| (p.name.as_str(), p.role)).collect();
    // `tied.weight` is `mix.weight`.
    let expected = [
        ("reduce.weight", Role::Conv),
        ("shared.weight", Role::Conv),
        ("depthwise.weight", Role::Conv),
        ("mix.weight", Role::Linear),
        ("last.weight", Role::Linear),
    ];
    assert_eq!(prunable, expected);
    assert!(graph.parameters.iter().all(|p| p.decay));
    let gate = graph.parameters.iter().find(|p| p.name == "gate").unwrap();
    assert_eq!(gate.role, Role::Other);
    assert!(graph.parameters.iter().all(|p| p.name != "tied.weight"));
}

#[test]
fn what_is_frozen_is_a_buffer() {
    let (case, graph) = stored("operators");
    assert!(graph.parameters.iter().all(|p| p.name != "frozen" && p.name != "shift"));
    let network = network(&case, &graph, None, Kind::Double);
    let value = |name: &str| {
        let found = network.buffers().iter().find(|b| b.name == name).unwrap();
        numbers(&found.tensor)[0]
    };
    assert_eq!(value("frozen"), f64::from(0.1_f32));
    assert_eq!(value("shift"), 0.25);
}

#[test]
fn without_the_weights_file_first_values_are_pytorchs_defaults() {
    let (_, graph) = stored("resnet");
    let parameter = |name: &str| graph.parameters.iter().find(|p| p.name == name).unwrap();
    let json = |name: &str| serde_json::to_value(parameter(name).init).unwrap();
    let bound = 1.0 / 36_f64.sqrt();
    let uniform = |bound: f64| json!({ "kind": "uniform", "low": -bound, "high": bound });
    assert_eq!(json("layer1.0.conv1.weight"), uniform(bound));
    assert_eq!(json("fc.bias"), uniform(1.0 / 8_f64.sqrt()));
    assert_eq!(json("bn1.weight"), json!({ "kind": "constant", "value": 1.0 }));
}

#[test]
fn weights_of_another_network_are_refused() {
    let (case, _) = stored("vgg");
    let (_, graph) = stored("resnet");
    let options = BuildOptions {
        activation: None,
        skip: None,
        registry: None,
        seed: 1,
        device: Device::Cpu,
        start: START,
    };
    let mut network = Network::build(&graph, options).unwrap();
    let state = state::read(&golden(case.text("weights"))).unwrap();
    let error = network.load(&state, Path::new("vgg.safetensors"), Extra::Refused).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("vgg.safetensors") && text.contains("`conv1.weight` is missing"),
        "{text}"
    );
}

#[test]
fn the_documented_graph_is_a_network() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/own-network.md");
    let text = std::fs::read_to_string(docs).unwrap();
    let (_, rest) = text.split_once("```json\n").unwrap();
    let graph: Graph = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
    jackpot::model::graph::check(&graph).unwrap();
    let view = jackpot::model::graph::shapes::infer(&graph).unwrap();
    assert_eq!(view.shape("conv"), Some(&[8, 32, 32][..]));
    assert_eq!(view.shape("fc"), Some(&[10][..]));
}
