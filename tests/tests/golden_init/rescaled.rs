//! What lrsi promises of any network.

use std::collections::BTreeMap;

use jackpot::plugin::ModelAccess;
use jackpot::plugin::kinds::Init;
use jackpot::train::{Feed, Training};
use jackpot_plugin_api::manifest::Kind as ItemKind;
use jackpot_plugin_api::model::Mode;
use serde_json::{Value, json};
use tch::{Kind, Tensor};

use crate::given::{Given, initialize, patterns};
use crate::setup::{Parts, instance, reference};
use crate::state;

const CLASSES: i64 = 10;
const SIDE: i64 = 8;

/// A network with its own first weights, f32, of which a part is kept.
fn training(parts: &Parts, keep: f64) -> Training<'_> {
    let mut training = parts.training();
    training.masks = state::masks(&training.network, "rescaled", keep);
    training.masks.apply(&training.network).unwrap();
    training
}

fn run(training: &Training<'_>, feed: &Feed, params: &Value) {
    let patterns = patterns("rescaled", SIDE, CLASSES);
    let model = Given::new(&training.network, &training.masks, feed, &patterns);
    initialize("lrsi", params, &model, 0).unwrap();
}

/// The mean of L(θ − η·g/‖g‖), g on two batches and L on the first and another, over batches that
/// lrsi has not seen.
fn loss_after_one_step(model: &Given<'_>, eta: f64) -> f64 {
    let masks: BTreeMap<String, Tensor> = model.masks().into_iter().collect();
    let names: Vec<String> = model.parameters().into_iter().map(|(name, _)| name).collect();
    let loss = |weights: &[Tensor], places: [i64; 2]| {
        let [a, b] = places.map(|place| model.batch(place, 16).unwrap());
        let named: Vec<_> = names.iter().map(String::as_str).zip(weights).collect();
        let inputs = Tensor::cat(&[a.0, b.0], 0);
        let outputs = model.forward(&named, &[], &inputs, Mode::BatchStats, Some(Kind::Double));
        let targets = Tensor::cat(&[a.1, b.1], 0).argmax(1, false);
        outputs.unwrap()[0].1.cross_entropy_for_logits(&targets)
    };
    let losses = (0..8).map(|i| 1000 + 3 * i).map(|place| {
        let leaf = |(_, t): (String, Tensor)| t.to_kind(Kind::Double).set_requires_grad(true);
        let weights: Vec<Tensor> = model.parameters().into_iter().map(leaf).collect();
        let found = loss(&weights, [place, place + 1]);
        let found = Tensor::run_backward(&[found], &weights, false, false);
        let masked = |(name, gradient): (&String, Tensor)| match masks.get(name) {
            Some(mask) => gradient.where_scalarother(mask, 0.0),
            None => gradient,
        };
        let gradients: Vec<Tensor> = names.iter().zip(found).map(masked).collect();
        let square = |g: &Tensor| g.square().sum(Kind::Double).double_value(&[]);
        let norm = gradients.iter().map(square).sum::<f64>().sqrt();
        let moved = weights.iter().zip(&gradients).map(|(w, g)| w.detach() - g * (eta / norm));
        loss(&moved.collect::<Vec<_>>(), [place, place + 2]).double_value(&[])
    });
    losses.sum::<f64>() / 8.0
}

#[test]
fn the_loss_after_the_first_step_is_lower() {
    for (name, width, side) in [("resnet8", 4, 8), ("vgg16", 2, 32)] {
        let parts = Parts::new(name, width, side, CLASSES as usize);
        let training = training(&parts, 0.3);
        let patterns = patterns("rescaled", side as i64, CLASSES);
        let model = Given::new(&training.network, &training.masks, &parts.feed, &patterns);
        let before = loss_after_one_step(&model, 0.1);
        let params = json!({ "iterations": 60, "lr": 0.03, "batch_size": 16 });
        initialize("lrsi", &params, &model, 0).unwrap();
        let after = loss_after_one_step(&model, 0.1);
        println!("{name}: loss after the first step {before:.3} to {after:.3}");
        assert!(after < before - 0.1, "{name}: {before} to {after}");
    }
}

#[test]
fn pruned_weights_stay_plus_zero_and_kept_ones_are_scaled() {
    for (algorithm, precision) in [("sgd", "f32"), ("adam", "f32"), ("sgd", "f64")] {
        let parts = Parts::new("resnet8", 4, 8, 10);
        let training = training(&parts, 0.2);
        let before = state::parameters(&training.network);
        let params = json!({
            "iterations": 5, "batch_size": 8, "algorithm": algorithm, "precision": precision,
            "gamma": 4.0,
        });
        run(&training, &parts.feed, &params);
        let mut pruned = 0;
        for ((name, before), (_, after)) in before.iter().zip(state::parameters(&training.network))
        {
            for (a, b) in before.iter().zip(&after) {
                // +0.0 has no other bits, and every kept weight keeps its sign.
                assert!(if a.to_bits() == 0 { b.to_bits() == 0 } else { a * b > 0.0 }, "{name}");
                pruned += usize::from(a.to_bits() == 0);
            }
            let zero = before.iter().all(|x| *x == 0.0);
            assert!(zero || *before != after, "{name} has a scale");
        }
        assert!(pruned > 1000, "{pruned}");
    }
}

#[test]
fn a_layer_that_is_wholly_pruned_changes_nothing() {
    for algorithm in ["sgd", "adam"] {
        let parts = Parts::new("resnet8", 4, 8, 10);
        let training = training(&parts, 0.3);
        let emptied = ["layer1.0.conv1.weight", "layer3.0.conv2.weight"];
        for name in emptied {
            let _ = training.masks.get(name).unwrap().shallow_clone().fill_(0);
        }
        training.masks.apply(&training.network).unwrap();
        // Steps of both kinds.
        for gamma in [0.0, 1e9] {
            let params = json!({
                "iterations": 4, "batch_size": 8, "algorithm": algorithm, "gamma": gamma,
            });
            run(&training, &parts.feed, &params);
            for (name, values) in state::parameters(&training.network) {
                assert!(values.iter().all(|x| x.is_finite()), "{algorithm}: {name}");
                let empty = emptied.contains(&name.as_str());
                assert!(!empty || values.iter().all(|x| x.to_bits() == 0), "{algorithm}: {name}");
            }
        }
    }
}

#[test]
fn what_tweaks_added_is_rescaled_too() {
    let mut parts = Parts::new("resnet8", 4, 8, 10);
    parts.train.skip = Some(reference("ghost-skip", &json!({})));
    let training = training(&parts, 0.3);
    let before = state::parameters(&training.network);
    run(&training, &parts.feed, &json!({ "iterations": 2, "batch_size": 8 }));
    let after = state::parameters(&training.network);
    let added = before.iter().zip(&after).filter(|((name, _), _)| name.starts_with("skip."));
    let changed = added.filter(|((_, before), (_, after))| before != after).count();
    // Six connections: a convolution's weight and a scale each; the shifts are 0.
    assert_eq!(changed, 12);
}

#[test]
fn the_same_batches_give_the_same_bits_and_the_ticket_is_kept() {
    let parts = Parts::new("resnet8", 4, 8, 10);
    let once = || {
        let training = training(&parts, 0.3);
        run(&training, &parts.feed, &json!({ "iterations": 3, "batch_size": 8 }));
        state::parameters(&training.network)
    };
    assert_eq!(once(), once());
    assert!(Init::new(instance(ItemKind::Init, "lrsi", &json!({}))).keeps_ticket().unwrap());
}

#[test]
fn a_loss_that_is_not_finite_is_an_error_in_words() {
    let parts = Parts::new("resnet8", 4, 8, 10);
    let training = training(&parts, 0.3);
    let patterns = patterns("rescaled", SIDE, CLASSES);
    let broken = |index, size| {
        let (inputs, targets) = patterns(index, size);
        (if index == 3 { inputs * f64::NAN } else { inputs }, targets)
    };
    let model = Given::new(&training.network, &training.masks, &parts.feed, &broken);
    let params = json!({ "iterations": 9, "batch_size": 8, "gamma": 0.0 });
    let error = initialize("lrsi", &params, &model, 0).unwrap_err().to_string();
    assert!(error.contains("iteration 1: the norm of the gradient is NaN"), "{error}");
}
