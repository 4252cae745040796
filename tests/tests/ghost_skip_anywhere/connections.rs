//! Where the connections are and what they compute.

use std::path::Path;

use jackpot::model::state::{Extra, State};
use jackpot::model::{Network, Owner};
use jackpot_plugin_api::model::Mode;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::compare::deviation;
use crate::nets::{Case, all, at, logits};
use crate::state;

#[test]
fn every_family_gets_the_connections_that_were_counted_by_hand() {
    for case in all() {
        let parts = case.parts(Some(&json!({})));
        let network = parts.training().network;
        let added: Vec<_> =
            network.parameters().iter().filter(|p| p.owner == Owner::Skip).collect();
        let connections = added.iter().filter(|p| p.name.ends_with(".conv.weight")).count();
        let numbers: usize = added.iter().map(|p| p.tensor.numel()).sum();
        assert_eq!((connections, numbers), (case.connections, case.added), "{}", case.name);
        assert!(added.iter().all(|p| !p.prunable && p.name.starts_with("skip.")));
    }
}

/// The plain network's state in which every connection, at that strength, is part of the kernel
/// beside it: added to the kernel's centre. In eval mode, where normalisations are linear, that
/// is exact.
fn folded(network: &Network, alpha: f64) -> State {
    let (state, graph) = (network.state(), &network.view().graph);
    let get = |name: &str| state[name].to_kind(Kind::Double);
    let plain = state.iter().filter(|(name, _)| !name.starts_with("skip."));
    let mut folded: State = plain.map(|(name, value)| (name.clone(), value.copy())).collect();
    let node = |id: &str| graph.nodes.iter().find(|node| node.id == id).unwrap();
    let scale =
        |bn: &str| get(&format!("{bn}.weight")) / (get(&format!("{bn}.running_var")) + 1e-5).sqrt();
    for skip in graph.nodes.iter().filter_map(|node| node.id.strip_suffix(".scaled")) {
        let conv = node(skip.strip_prefix("skip.").unwrap());
        let norm = node(&format!("{skip}.sum")).inputs[0].names()[0].clone();
        let mut added = alpha * get(&format!("{skip}.conv.weight"));
        if norm != conv.id {
            let (own, beside) = (scale(&format!("{skip}.bn")), scale(&norm));
            // In the units of the convolution's result: divided by its normalisation's scale.
            added *= (&own / beside).view([-1, 1, 1, 1]);
            let mean = get(&format!("{skip}.bn.running_mean"));
            let constant = get(&format!("{skip}.bn.bias")) - own * mean;
            let bias = get(&format!("{norm}.bias")) + alpha * constant;
            folded.insert(format!("{norm}.bias"), bias);
        }
        let name = &conv.params["weight"];
        let size = state[name].size();
        let [above, left] = [size[2] / 2, size[3] / 2];
        let pad = [left, size[3] - 1 - left, above, size[2] - 1 - above];
        folded.insert(name.clone(), get(name) + added.constant_pad_nd(pad));
    }
    folded
}

#[test]
fn a_connection_adds_to_the_centre_of_the_kernel_beside_it() {
    // In `branches` one weight has two connections.
    for case in all().into_iter().filter(|case| case.name != "branches") {
        let Case { name, .. } = case;
        let (parts, plain_parts) = (case.parts(Some(&json!({ "fade": "4ep" }))), case.parts(None));
        let mut network = parts.training().network;
        state::load(&mut network, "anywhere", Kind::Double);
        let mut other = plain_parts.training().network;
        state::load(&mut other, "anywhere", Kind::Double);
        let inputs = case.batch("anywhere", Kind::Double).inputs;
        let without = logits(&other, &inputs, Mode::Eval);
        for (step, alpha) in [(0, 1.0), (7, 0.125)] {
            network.set_progress(at(step)).unwrap();
            let found = logits(&network, &inputs, Mode::Eval);
            let folded: State = folded(&network, alpha);
            other.load(&folded, Path::new("folded"), Extra::Refused).unwrap();
            let off = deviation(&found, &logits(&other, &inputs, Mode::Eval));
            println!("{name}, alpha {alpha}: {off:.1e}");
            assert!(off <= 1e-9, "{name}, alpha {alpha}: {off:e}");
            assert!(deviation(&found, &without) > 1e-6, "{name}, alpha {alpha}: no effect");
        }
    }
}

#[test]
fn every_connection_learns() {
    for case in all() {
        let parts = case.parts(Some(&json!({})));
        let mut training = parts.training();
        state::load(&mut training.network, "learns", Kind::Double);
        let batch = case.batch("learns", Kind::Double);
        let outputs = training.network.forward(&batch.inputs, Mode::Train).unwrap();
        let loss = jackpot::train::loss::cross_entropy(&outputs[0].1, &batch.targets).unwrap();
        let parameters = training.network.parameters().iter();
        let skips: Vec<_> = parameters.filter(|p| p.owner == Owner::Skip).collect();
        let tensors: Vec<&Tensor> = skips.iter().map(|p| &p.tensor).collect();
        let found = jackpot::torch::grad::grad(&[&loss], &tensors, None, Default::default());
        for (parameter, gradient) in skips.iter().zip(found.unwrap()) {
            let largest = gradient.unwrap().abs().max().double_value(&[]);
            assert!(largest > 0.0, "{}: {} has no gradient", case.name, parameter.name);
        }
    }
}
