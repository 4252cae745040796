//! Masks, selection and scope against naive loops.

use std::cmp::Ordering;

use jackpot::glob;
use jackpot::prune::select::highest;
use jackpot::prune::{Masks, Scope};
use jackpot_plugin_api::graph::Role;
use proptest::collection::vec;
use proptest::prelude::*;
use tch::Tensor;

use crate::data::numbers;
use crate::setup::Parts;
use crate::state;

/// Two layers: which weights are kept, and their scores; few values, so that many are equal.
fn layers() -> impl Strategy<Value = [Vec<(bool, f64)>; 2]> {
    let score = prop_oneof![
        4 => (0..5).prop_map(f64::from),
        1 => Just(-0.0),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        2 => -1.0..1.0
    ];
    let layer = || vec((any::<bool>(), score.clone()), 1..40);
    [layer(), layer()]
}

/// Kept places, layer by layer, of the `keep` highest: the plain sort.
fn naive(layers: &[Vec<(bool, f64)>; 2], keep: usize) -> Vec<Vec<bool>> {
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        for (place, (kept, score)) in layer.iter().enumerate() {
            if *kept {
                candidates.push((*score, number, place));
            }
        }
    }
    // Stable: of equals the first comes first.
    candidates.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal));
    let mut masks: Vec<Vec<bool>> = layers.iter().map(|layer| vec![false; layer.len()]).collect();
    for (_, number, place) in candidates.into_iter().take(keep) {
        masks[number][place] = true;
    }
    masks
}

proptest! {
    #[test]
    fn selection_is_a_stable_sort(layers in layers(), keep in 0..90_usize) {
        let names = ["b".to_owned(), "a".to_owned()];
        let of = |layer: &[(bool, f64)]| -> (Vec<bool>, Vec<f64>) { layer.iter().copied().unzip() };
        let pairs: Vec<_> = layers.iter().map(|layer| of(layer)).collect();
        let named = |index: usize| names[index].clone();
        let masks = (0..2).map(|i| (named(i), Tensor::from_slice(&pairs[i].0)));
        let scores: Vec<_> = (0..2).map(|i| (named(i), Tensor::from_slice(&pairs[i].1))).collect();
        let found = highest(&Masks::from_tensors(masks), &names, &scores, keep as u64).unwrap();
        let flags = |name: &str| Vec::<bool>::try_from(found.get(name).unwrap()).unwrap();
        prop_assert_eq!(vec![flags("b"), flags("a")], naive(&layers, keep));
    }

    #[test]
    fn globs_match_as_by_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        fn by_definition(glob: &[u8], text: &[u8]) -> bool {
            match (glob.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => (0..=text.len()).any(|n| by_definition(rest, &text[n..])),
                (Some((symbol, glob)), Some((letter, text))) => {
                    (*symbol == b'?' || symbol == letter) && by_definition(glob, text)
                }
                _ => false,
            }
        }
        prop_assert_eq!(glob::matches(&glob, &text), by_definition(glob.as_bytes(), text.as_bytes()));
    }
}

#[test]
fn applying_a_mask_changes_pruned_weights_alone() {
    let parts = Parts::new("resnet8", 4, 16, 10);
    let mut network = parts.training().network;
    state::load(&mut network, "applied", tch::Kind::Float);
    // What a product would get wrong.
    let first = network.parameter("conv1.weight").unwrap().tensor.detach().view(-1);
    for (place, value) in (0..).zip([-0.0, f64::INFINITY, f64::NAN, -1e-30, f64::NEG_INFINITY]) {
        let _ = first.get(place).fill_(value);
    }
    let bits = |values: Vec<(String, Vec<f64>)>| -> Vec<(String, Vec<u64>)> {
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect();
        values.into_iter().map(|(name, values)| (name, bits(values))).collect()
    };
    let before = bits(state::parameters(&network));
    for keep in [0.0, 0.5, 1.0] {
        let masks = state::masks(&network, "applied", keep);
        masks.apply(&network).unwrap();
        for ((name, before), (_, after)) in before.iter().zip(bits(state::parameters(&network))) {
            let mask = masks.get(name).map(numbers);
            let kept = |place: usize| mask.as_ref().is_none_or(|mask| mask[place] == 1.0);
            let expected =
                before.iter().enumerate().map(|(i, &bits)| if kept(i) { bits } else { 0 });
            assert!(expected.eq(after.iter().copied()), "{name} at {keep}");
        }
        reload(&mut network, &before);
    }
}

fn reload(network: &mut jackpot::model::Network, bits: &[(String, Vec<u64>)]) {
    for (name, bits) in bits {
        let values: Vec<f64> = bits.iter().map(|&bits| f64::from_bits(bits)).collect();
        let tensor = network.parameter(name).unwrap().tensor.detach();
        tensor.view(-1).copy_(&Tensor::from_slice(&values));
    }
}

#[test]
fn scopes_choose_by_role_and_name() {
    let parts = Parts::new("resnet18", 4, 16, 10);
    let network = parts.training().network;
    let names = |patterns: &[&str]| {
        let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        Scope::new(&patterns).names(&network)
    };
    let naive = |wanted: &dyn Fn(&str, Role) -> bool| -> Vec<String> {
        let chosen = network.parameters().iter().filter(|p| p.prunable && wanted(&p.name, p.role));
        chosen.map(|p| p.name.clone()).collect()
    };
    let conv = |role| role == Role::Conv;
    assert_eq!(names(&["conv"]).unwrap(), naive(&|_, role| conv(role)));
    assert_eq!(names(&["conv"]).unwrap().len(), 20);
    assert_eq!(names(&["conv", "linear"]).unwrap(), naive(&|_, _| true));
    assert_eq!(names(&["conv", "linear"]).unwrap().len(), 21);
    assert_eq!(
        names(&["conv", "!conv1.weight", "!*.shortcut.*"]).unwrap(),
        naive(&|name, role| conv(role) && name != "conv1.weight" && !name.contains("shortcut"))
    );
    // The last pattern that speaks of a parameter decides.
    assert_eq!(names(&["!linear", "linear"]).unwrap(), ["linear.weight"]);
    assert_eq!(
        names(&["layer4.*", "!*.0.*", "layer4.0.conv1.weight"]).unwrap(),
        naive(&|name, _| name.starts_with("layer4.1.") || name == "layer4.0.conv1.weight")
    );
    // Normalisations and biases are never pruned.
    assert_eq!(names(&["*"]).unwrap().len(), 21);
    for nothing in [&["bn1.*"][..], &["conv", "!*"], &["conv9.weight"], &[]] {
        let error = names(nothing).unwrap_err().to_string();
        assert!(error.contains("nothing can be pruned"), "{error}");
    }
}
