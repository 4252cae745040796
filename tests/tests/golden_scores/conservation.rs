//! SynFlow on VGG16's shape: what flows in flows out, and no layer is cut through.

use serde_json::{Value, json};
use tch::{Kind, Tensor};

use crate::networks::architecture;
use crate::setup::{Subject, score};

/// VGG16 with so many channels in its first layer (64 in the real one), at its start, its biases
/// zero.
fn vgg(width: i64) -> Subject {
    let graph = architecture("vgg16", width, 32);
    let mut subject = Subject::new(&graph, &["conv", "linear"], "flow", 1, 32);
    assert_eq!(subject.names.len(), 14, "thirteen convolutions and the classifier");
    for parameter in subject.network.parameters_mut() {
        if parameter.name.ends_with("bias") {
            let _ = parameter.tensor.detach().zero_();
        }
    }
    subject
}

/// Each layer's sum of scores.
fn flows(subject: &Subject, params: &Value) -> Vec<f64> {
    let scores = subject.scores(&score("synflow", params), "flow");
    assert!(scores.iter().all(|(_, score)| score.kind() == Kind::Double));
    scores
        .iter()
        .map(|(_, score): &(String, Tensor)| score.sum(Kind::Double).double_value(&[]))
        .collect()
}

/// The largest relative difference between two layers.
fn spread(flows: &[f64]) -> f64 {
    let (low, high) = flows.iter().fold((f64::MAX, 0.0_f64), |(l, h), &x| (l.min(x), h.max(x)));
    assert!(low > 0.0, "{flows:?}");
    (high - low) / high
}

#[test]
fn what_flows_through_a_layer_flows_through_each() {
    let found = spread(&flows(&vgg(64), &json!({})));
    println!("full width: {found:.1e}");
    assert!(found <= 1e-6, "{found:e}");
    let mut subject = vgg(8);
    let found = spread(&flows(&subject, &json!({})));
    println!("dense: {found:.1e}");
    assert!(found <= 1e-6, "{found:e}");
    // And so it is in the middle of a pruning.
    subject.prune(&score("synflow", &json!({ "rounds": 10 })), 5000);
    let found = spread(&flows(&subject, &json!({})));
    println!("pruned: {found:.1e}");
    assert!(found <= 1e-6, "{found:e}");
}

#[test]
fn shifts_break_it_unless_they_are_left_out() {
    let mut subject = vgg(8);
    subject.load("trained");
    let absolute = spread(&flows(&subject, &json!({})));
    assert!(absolute > 1e-3, "{absolute:e}");
    let zero = spread(&flows(&subject, &json!({ "shifts": "zero" })));
    assert!(zero <= 1e-6, "{zero:e}");
}

/// What each layer keeps of 1 %.
fn one_percent(rounds: u64) -> Vec<u64> {
    let mut subject = vgg(8);
    let target = (0.01 * subject.masks.total() as f64).round() as u64;
    subject.prune(&score("synflow", &json!({ "rounds": rounds })), target);
    assert_eq!(subject.masks.kept(), target);
    let kept = subject.kept();
    println!("{rounds} rounds: {kept:?}");
    kept
}

#[test]
fn a_hundred_rounds_cut_through_no_layer_and_one_round_does() {
    let (gentle, rough) = (one_percent(100), one_percent(1));
    assert!(gentle.iter().all(|&kept| kept > 0), "{gentle:?}");
    assert!(rough.contains(&0), "{rough:?}");
}

#[test]
fn snip_cuts_through_the_same_network() {
    let mut subject = vgg(8);
    let target = (0.01 * subject.masks.total() as f64).round() as u64;
    subject.prune(&score("snip", &json!({})), target);
    assert!(subject.kept().contains(&0), "{:?}", subject.kept());
}
