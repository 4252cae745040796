//! The ghost-skip plugin in real networks.

use std::path::Path;

use jackpot::model::state::{Extra, State, to_safetensors};
use jackpot::model::{Network, Owner};
use jackpot::train::optimizer::Optimizer;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::model::Mode;
use serde_json::{Value, json};
use tch::{Kind, Tensor};

use crate::compare::deviation;
use crate::data::numbers;
use crate::setup::{Parts, reference};
use crate::state::{self, Shape};

const STEPS_PER_EPOCH: u64 = 2;

fn at(step: u64) -> Progress {
    Progress { step, steps_per_epoch: STEPS_PER_EPOCH, total_steps: 20 }
}

fn shape(architecture: &str) -> Shape {
    Shape { architecture: architecture.to_owned(), width: 4, batch: 4, side: 16, classes: 10 }
}

/// The parts of an architecture of width 4, with the skip of these parameters.
fn with_skip(architecture: &str, params: &Value) -> Parts {
    let mut parts = shape(architecture).parts();
    parts.train.skip = Some(reference("ghost-skip", params));
    parts
}

/// With connections that are gone at step 8.
fn fading(architecture: &str) -> Parts {
    with_skip(architecture, &json!({ "fade": "4ep" }))
}

fn logits(network: &Network, inputs: &Tensor, mode: Mode) -> Vec<f64> {
    numbers(&tch::no_grad(|| network.forward(inputs, mode).unwrap())[0].1)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// The state without the skip's tensors.
fn plain(network: &Network) -> State {
    network.state().into_iter().filter(|(name, _)| !name.starts_with("skip.")).collect()
}

#[test]
fn it_adds_the_known_number_of_parameters() {
    for (architecture, width, expected) in [("resnet18", 64, 1_228_288), ("resnet20", 16, 31_040)] {
        let mut parts = Parts::new(architecture, width, 32, 10);
        parts.train.skip = Some(reference("ghost-skip", &json!({})));
        let network = parts.training().network;
        let added = network.parameters().iter().filter(|p| p.owner == Owner::Skip);
        let added: Vec<_> = added.collect();
        assert_eq!(added.iter().map(|p| p.tensor.numel()).sum::<usize>(), expected);
        assert!(added.iter().all(|p| !p.prunable && p.name.starts_with("skip.layer")));
        // What the weights begin with.
        let first = &network.parameter("skip.layer1.0.conv1.conv.weight").unwrap().tensor;
        assert!(numbers(first).iter().all(|&x| x == f64::from(1e-4_f32)));
    }
}

/// The plain network's state in which every connection, at that strength, is folded into the
/// convolution beside it; exact in eval mode, where normalisations are linear.
fn folded(network: &Network, alpha: f64) -> State {
    let state = network.state();
    let get = |name: String| state[&name].to_kind(Kind::Double);
    let mut folded = plain(network);
    let skips = state.keys().filter_map(|name| {
        name.strip_prefix("skip.").and_then(|name| name.strip_suffix(".conv.weight"))
    });
    for conv in skips {
        let norm = conv.replace("conv", "bn");
        let skip = format!("skip.{conv}.bn");
        let scale = |bn: &str| {
            get(format!("{bn}.weight")) / (get(format!("{bn}.running_var")) + 1e-5).sqrt()
        };
        // In the units of the convolution's result: divided by its normalisation's scale.
        let factor = (alpha * scale(&skip) / scale(&norm)).view([-1, 1, 1, 1]);
        let added =
            (factor * get(format!("skip.{conv}.conv.weight"))).constant_pad_nd([1, 1, 1, 1]);
        let weight = get(format!("{conv}.weight")) + added;
        let constant =
            get(format!("{skip}.bias")) - scale(&skip) * get(format!("{skip}.running_mean"));
        let bias = get(format!("{norm}.bias")) + alpha * constant;
        folded.insert(format!("{conv}.weight"), weight);
        folded.insert(format!("{norm}.bias"), bias);
    }
    folded
}

#[test]
fn a_connection_is_a_scaled_convolution_beside_each_convolution() {
    for (architecture, connections) in [("resnet18", 16), ("resnet20", 18)] {
        let parts = fading(architecture);
        let mut network = parts.training().network;
        state::load(&mut network, "ghost", Kind::Double);
        let skips = network.parameters().iter().filter(|p| p.name.ends_with(".conv.weight"));
        assert_eq!(skips.count(), connections);
        let plain_parts = shape(architecture).parts();
        let mut other = plain_parts.training().network;
        state::load(&mut other, "ghost", Kind::Double);
        let inputs = shape(architecture).batch("ghost", Kind::Double).inputs;
        let without = logits(&other, &inputs, Mode::Eval);
        for (step, alpha) in [(0, 1.0), (2, 0.75), (7, 0.125)] {
            network.set_progress(at(step)).unwrap();
            assert_eq!(network.knob_values(), [("ghost-skip.alpha".to_owned(), alpha)]);
            let found = logits(&network, &inputs, Mode::Eval);
            other.load(&folded(&network, alpha), Path::new("folded"), Extra::Refused).unwrap();
            let off = deviation(&found, &logits(&other, &inputs, Mode::Eval));
            assert!(off <= 1e-10, "{architecture}, alpha {alpha}: {off:e}");
            assert!(deviation(&found, &without) > 1e-3, "{architecture}, alpha {alpha}: no effect");
        }
    }
}

#[test]
fn alpha_falls_in_a_straight_line_and_stays_at_zero() {
    let parts = fading("resnet20");
    let mut network = parts.training().network;
    for step in 0..20 {
        network.set_progress(at(step)).unwrap();
        let expected = if step < 8 { 1.0 - step as f64 / 8.0 } else { 0.0 };
        assert_eq!(network.knob_values()[0].1, expected, "step {step}");
        assert_eq!(network.skip_acts(), step < 8, "step {step}");
    }
    let parts = with_skip("resnet20", &json!({}));
    let mut network = parts.training().network;
    for step in [0, 19] {
        network.set_progress(at(step)).unwrap();
        assert_eq!(network.knob_values()[0].1, 1.0);
        assert!(network.stored_state().keys().any(|name| name.starts_with("skip.")));
    }
}

#[test]
fn after_the_fade_the_network_is_the_plain_one() {
    for architecture in ["resnet18", "resnet20"] {
        let (ghost_parts, plain_parts) = (fading(architecture), shape(architecture).parts());
        let mut ghost = ghost_parts.training();
        state::load(&mut ghost.network, "after", Kind::Float);
        let parameters = ghost.network.parameters();
        let mut optimizer = Optimizer::new(&ghost_parts.train.optimizer, parameters).unwrap();
        let skips = |network: &Network| -> Vec<_> {
            let all = state::parameters(network).into_iter();
            all.filter(|(name, _)| name.starts_with("skip.")).collect()
        };
        let batch = |step: u64| shape(architecture).batch(&format!("after/{step}"), Kind::Float);
        let mut before = skips(&ghost.network);
        for step in 0..8 {
            ghost.network.set_progress(at(step)).unwrap();
            ghost.step(&mut optimizer, &batch(step), at(step), 0.01).unwrap();
            let now = skips(&ghost.network);
            let moved = before.iter().zip(&now).all(|(old, new)| old.1 != new.1);
            assert!(moved, "step {step}: a connection is not trained");
            before = now;
        }
        // From here on beside a plain network with the same weights and momenta.
        ghost.network.set_progress(at(8)).unwrap();
        assert!(!ghost.network.skip_acts());
        let stored = ghost.network.stored_state();
        assert!(stored.keys().all(|name| !name.starts_with("skip.")));
        let mut other = plain_parts.training();
        other.network.load(&stored, Path::new("stored"), Extra::Refused).unwrap();
        let parameters = other.network.parameters();
        let mut other_optimizer = Optimizer::new(&plain_parts.train.optimizer, parameters).unwrap();
        let momenta = optimizer.state(ghost.network.parameters());
        other_optimizer.load(parameters, &momenta).unwrap();
        for step in 8..10 {
            let inputs = batch(step).inputs;
            for mode in [Mode::Eval, Mode::BatchStats] {
                let [a, b] = [&ghost, &other].map(|it| logits(&it.network, &inputs, mode));
                assert_eq!(bits(&a), bits(&b), "{architecture}, step {step}, {mode:?}");
            }
            ghost.network.set_progress(at(step)).unwrap();
            let rate = 0.01;
            let one = ghost.step(&mut optimizer, &batch(step), at(step), rate).unwrap();
            let two = other.step(&mut other_optimizer, &batch(step), at(step), rate).unwrap();
            assert_eq!(one.loss.double_value(&[]), two.loss.double_value(&[]));
        }
        let [a, b] = [&ghost, &other].map(|it| to_safetensors(&it.network.stored_state()).unwrap());
        assert!(a == b, "{architecture}: two steps later the stored bytes differ");
        assert_eq!(skips(&ghost.network), before, "what is out of the network is left alone");
    }
}
