//! The scales of lrsi, iteration by iteration, in f64.

use jackpot::train::Training;
use serde_json::{Map, Value};
use tch::Kind;

use crate::data::{Case, case_of};
use crate::given::{Given, initialize, noise};
use crate::setup::Parts;
use crate::state;

/// The scales of all tensors after some iterations; `None` for a tensor that is zero.
fn scales(golden: &Case, parts: &Parts, iterations: u64) -> Vec<(String, Option<f64>)> {
    let training = training(golden, parts);
    let (network, masks) = (&training.network, &training.masks);
    let before = state::parameters(network);
    let label = golden.text("label");
    let noise = noise(label, golden.number("side") as i64, golden.number("classes") as i64);
    let model = Given::new(network, masks, &parts.feed, &noise);
    initialize("lrsi", &params(golden, iterations), &model, 0).unwrap();
    let after = state::parameters(network);
    let scale = |((name, before), (_, after)): (_, (String, Vec<f64>))| {
        let (name, before): (String, Vec<f64>) = (name, before);
        let scale = one_scale(&name, &before, &after);
        (name, scale)
    };
    before.into_iter().zip(after).map(scale).collect()
}

/// The network in the case's state, masked, with what should be zero.
fn training<'a>(golden: &Case, parts: &'a Parts) -> Training<'a> {
    let label = golden.text("label");
    let mut training = parts.training();
    state::load(&mut training.network, label, Kind::Double);
    let masks = state::masks(&training.network, label, golden.number("keep"));
    for name in golden.about["zero"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let _ = training.network.parameter(name).unwrap().tensor.detach().zero_();
        if let Some(mask) = masks.get(name) {
            let _ = mask.shallow_clone().fill_(0);
        }
    }
    training.masks = masks;
    training.masks.apply(&training.network).unwrap();
    training
}

fn params(golden: &Case, iterations: u64) -> Value {
    let mut params: Map<String, Value> = golden.about["params"].as_object().unwrap().clone();
    params.insert("algorithm".to_owned(), golden.text("algorithm").into());
    params.insert("batch_size".to_owned(), golden.about["batch"].clone());
    params.insert("iterations".to_owned(), iterations.into());
    params.insert("precision".to_owned(), "f64".into());
    Value::Object(params)
}

/// The one number that a tensor was multiplied by.
#[track_caller]
fn one_scale(name: &str, before: &[f64], after: &[f64]) -> Option<f64> {
    // Of the largest element, so that no sum's rounding is in it.
    let pairs = before.iter().zip(after);
    let (a, b) = pairs.max_by(|(a, _), (b, _)| a.abs().total_cmp(&b.abs()))?;
    if *a == 0.0 {
        assert!(after.iter().all(|x| x.to_bits() == 0), "{name} was zero and is not");
        return None;
    }
    let scale = b / a;
    for (a, b) in before.iter().zip(after) {
        assert!((a * scale - b).abs() <= 1e-14 * a.abs(), "{name}: {a} became {b}, not × {scale}");
    }
    Some(scale)
}

fn follows(name: &str) {
    let golden = case_of("init.json", &format!("lrsi-{name}"));
    let size = |key: &str| golden.about[key].as_u64().unwrap() as usize;
    let (width, side, classes) = (size("width") as i64, size("side"), size("classes"));
    let parts = Parts::new(golden.text("network"), width, side, classes);
    let rows = golden.rows("scales");
    let checkpoints = golden.about["checkpoints"].as_array().unwrap();
    let [names, zero, without_effect] =
        ["parameters", "zero", "without_effect"].map(|key| texts(&golden, key));
    assert_eq!(checkpoints.last().unwrap(), 50);
    let (mut worst, mut worst_of_none) = (0.0_f64, 0.0_f64);
    for (iterations, expected) in checkpoints.iter().zip(&rows) {
        let ours = scales(&golden, &parts, iterations.as_u64().unwrap());
        assert!(ours.iter().map(|(name, _)| name).eq(&names), "{ours:?}");
        for ((name, scale), expected) in ours.iter().zip(expected) {
            let Some(scale) = scale else {
                assert!(zero.contains(name) && *expected == 1.0, "{name} has no scale");
                continue;
            };
            if without_effect.contains(name) {
                let off = f64::max((scale - 1.0).abs(), (expected - 1.0).abs());
                assert!(off <= 1e-4, "{name}: {scale} and {expected}");
                worst_of_none = worst_of_none.max(off);
                continue;
            }
            let off = (scale - expected).abs();
            assert!(off <= 1e-6, "{name} after {iterations}: {scale}, not {expected}");
            worst = worst.max(off);
        }
        assert_eq!(ours.iter().filter(|(_, scale)| scale.is_none()).count(), zero.len());
    }
    println!("{name}: scales of 50 iterations within {worst:.1e} (tolerance 1e-6)");
    println!("{name}: {} without effect, {worst_of_none:.1e} from 1", without_effect.len());
    // Nothing but biases of convolutions before a normalisation is without effect.
    let biases = names.iter().filter(|name| {
        name.starts_with("features.") && name.ends_with(".bias") && is_convolutions(name, &parts)
    });
    assert!(biases.eq(&without_effect), "{without_effect:?}");
    // The last ones are far from where they began, or all of this would say little.
    let far = rows.last().unwrap().iter().filter(|scale| (**scale - 1.0).abs() > 0.05).count();
    assert!(2 * far > names.len() - without_effect.len(), "{far}");
}

/// Whether a bias belongs to a convolution.
fn is_convolutions(bias: &str, parts: &Parts) -> bool {
    let weight = bias.replace(".bias", ".weight");
    parts.graph.parameters.iter().any(|p| p.name == weight && p.shape.len() == 4)
}

/// Of a wider network no scale falls to the floor: all but those without effect are at work.
fn follows_freely(name: &str) {
    follows(name);
    let golden = case_of("init.json", &format!("lrsi-{name}"));
    let scales = golden.values("scales");
    assert!(golden.about["params"]["floor"].is_null(), "the default, which is 0.01");
    assert!(scales.iter().all(|scale| (0.5..1.5).contains(scale)), "{scales:?}");
    assert_eq!(
        (texts(&golden, "parameters").len(), texts(&golden, "without_effect").len()),
        (54, 13)
    );
}

fn texts(golden: &Case, key: &str) -> Vec<String> {
    serde_json::from_value(golden.about[key].clone()).unwrap()
}

#[test]
fn a_resnet_with_the_normalised_gradient() {
    follows("resnet8-sgd");
}

#[test]
fn a_resnet_with_the_sign() {
    follows("resnet8-adam");
}

#[test]
fn a_vgg_with_the_normalised_gradient() {
    follows("vgg16-sgd");
}

#[test]
fn a_vgg_with_the_sign() {
    follows("vgg16-adam");
}

#[test]
fn a_wider_vgg_with_the_normalised_gradient() {
    follows_freely("vgg16-wide-sgd");
}

#[test]
fn a_wider_vgg_with_the_sign() {
    follows_freely("vgg16-wide-adam");
}
