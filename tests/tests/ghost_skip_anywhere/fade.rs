//! What is left of the connections after their fade, and of permanent ones.

use std::path::Path;

use jackpot::model::state::Extra;
use jackpot::train::optimizer::Optimizer;
use jackpot_plugin_api::model::Mode;
use serde_json::json;
use tch::Kind;

use crate::nets::{Case, all, at, bits, logits};
use crate::setup::Parts;
use crate::state;

/// A training after two steps, and its logits before the second.
fn trained<'a>(case: &Case, parts: &'a Parts) -> (jackpot::train::Training<'a>, Vec<f64>) {
    let mut training = parts.training();
    let parameters = training.network.parameters();
    let mut optimizer = Optimizer::new(&parts.train.optimizer, parameters).unwrap();
    let inputs = case.batch("test", Kind::Float).inputs;
    let mut before = Vec::new();
    for step in 0..2 {
        training.network.set_progress(at(step)).unwrap();
        before = logits(&training.network, &inputs, Mode::Eval);
        let batch = case.batch(&format!("fade/{step}"), Kind::Float);
        training.step(&mut optimizer, &batch, at(step), 0.01).unwrap();
    }
    training.network.set_progress(at(2)).unwrap();
    (training, before)
}

#[test]
fn after_the_fade_what_is_stored_is_the_plain_network() {
    for case in all() {
        let name = case.name;
        let (params, plain_parts) = (json!({ "fade": "2it" }), case.parts(None));
        let parts = case.parts(Some(&params));
        let (ghost, before) = trained(&case, &parts);
        let inputs = case.batch("test", Kind::Float).inputs;
        let after = logits(&ghost.network, &inputs, Mode::Eval);
        assert_ne!(bits(&after), bits(&before), "{name}: nothing was trained");
        let mut plain = plain_parts.training().network;
        let stored = ghost.network.stored_state();
        assert!(stored.keys().eq(plain.stored_state().keys()), "{name}");
        plain.load(&stored, Path::new("stored"), Extra::Refused).unwrap();
        for mode in [Mode::Eval, Mode::BatchStats] {
            let [a, b] = [&ghost.network, &plain].map(|it| logits(it, &inputs, mode));
            assert_eq!(bits(&a), bits(&b), "{name}, {mode:?}");
        }
    }
}

#[test]
fn permanent_connections_are_stored() {
    for case in all() {
        let name = case.name;
        let (params, plain_parts) = (json!({}), case.parts(None));
        let parts = case.parts(Some(&params));
        let (wide, _) = trained(&case, &parts);
        let stored = wide.network.stored_state();
        let added = stored.keys().filter(|name| name.starts_with("skip."));
        let weights = added.filter(|name| name.ends_with(".conv.weight")).count();
        assert_eq!(weights, case.connections, "{name}");
        let mut plain = plain_parts.training().network;
        let error = plain.load(&stored, Path::new("stored"), Extra::Refused).unwrap_err();
        assert!(error.to_string().contains("`skip."), "{name}: {error}");
        let mut again = parts.training().network;
        again.load(&stored, Path::new("stored"), Extra::Refused).unwrap();
        let inputs = case.batch("test", Kind::Float).inputs;
        let [a, b] = [&wide.network, &again].map(|it| logits(it, &inputs, Mode::Eval));
        assert_eq!(bits(&a), bits(&b), "{name}");
    }
}

#[test]
fn a_connection_that_never_acts_changes_nothing() {
    let case = &all()[0];
    let (params, plain_parts) = (json!({ "fade": "0ep" }), case.parts(None));
    let parts = case.parts(Some(&params));
    let [(a, _), (b, _)] = [&parts, &plain_parts].map(|parts| trained(case, parts));
    let inputs = case.batch("test", Kind::Float).inputs;
    let [a, b] = [&a, &b].map(|it| logits(&it.network, &inputs, Mode::Eval));
    assert_eq!(bits(&a), bits(&b));
    // Other weights give other logits.
    let mut other = plain_parts.training().network;
    state::load(&mut other, "other", Kind::Float);
    assert_ne!(bits(&logits(&other, &inputs, Mode::Eval)), bits(&a));
}
