//! One masked step of SGD from each of thirty states of every architecture.

use jackpot::model::state::State;
use jackpot::prune::masks::keep;
use jackpot::train::Training;
use jackpot::train::optimizer::Optimizer;
use tch::Kind;

use crate::compare::{Named, change};
use crate::data::numbers;
use crate::net::{LARGE, Net, OTHERS, SMALL, Setting, each_within, joined, joined_within};
use crate::setup::START;
use crate::state;

/// Puts weights, masks and momenta into a state.
fn start(
    net: &Net,
    training: &mut Training<'_>,
    optimizer: &mut Optimizer,
    label: &str,
    kind: Kind,
) {
    state::load(&mut training.network, label, kind);
    training.masks = net.masks(&training.network, label);
    training.masks.apply(&training.network).unwrap();
    let masked = state::momenta(&training.network, label).into_iter().map(|(name, momentum)| {
        let mask = training.masks.get(&name);
        let momentum = mask.map_or(momentum.shallow_clone(), |mask| keep(mask, &momentum).unwrap());
        (format!("first.{name}"), momentum)
    });
    let momenta = masked.collect::<State>();
    optimizer.load(training.network.parameters(), &momenta).unwrap();
}

fn momenta(training: &Training<'_>, optimizer: &Optimizer) -> Named {
    let parameters = training.network.parameters();
    let state = optimizer.state(parameters);
    let momentum = |name: &String| numbers(&state[&format!("first.{name}")]);
    parameters.iter().map(|p| (p.name.clone(), momentum(&p.name))).collect()
}

/// A state's weights under the mask, as the formulas give them.
fn formula(training: &Training<'_>, label: &str) -> Named {
    let mut all = state::weights(&training.network, label);
    let mut exact = |name: &String| {
        let weight = all.remove(name).unwrap();
        let mask = training.masks.get(name);
        numbers(&mask.map_or(weight.shallow_clone(), |mask| keep(mask, &weight).unwrap()))
    };
    training.network.parameters().iter().map(|p| (p.name.clone(), exact(&p.name))).collect()
}

/// To the bit.
fn pruned_are_plus_zero(training: &Training<'_>, tensors: &Named) {
    for (name, values) in tensors {
        let Some(mask) = training.masks.get(name) else { continue };
        let mask: Vec<bool> = mask.view(-1).try_into().unwrap();
        let mut pruned = values.iter().zip(mask).filter(|(_, kept)| !kept);
        assert!(pruned.all(|(x, _)| x.to_bits() == 0), "{name}");
    }
}

/// For the change of each tensor by itself in f64, which is known to √n of its size: rounding alone
/// gives 1.02e-9 (resnet50's largest tensor on an AMD processor with AVX-512, 2026-11-29).
const EACH: f64 = 2e-9;

fn check(name: &'static str, kind: Kind, tolerance: f64) {
    let net = Net::of(name);
    let states = net.golden.about["steps"]["labels"].as_array().unwrap();
    let stored = |what: &str| net.golden.rows(&format!("steps/{what}"));
    let losses = net.golden.values("steps/loss");
    let rows = ["weights", "momenta", "statistics"].map(stored);
    assert_eq!((states.len(), losses.len()), (30, 30));
    assert!(rows.iter().all(|rows| rows.len() == 30));
    let setting = Setting::of(&net.golden.about);
    let parts = net.parts(&setting);
    let mut training = parts.training();
    training.network.convert_to(kind).unwrap();
    let mut optimizer =
        Optimizer::new(&parts.train.optimizer, training.network.parameters()).unwrap();
    let mut worst = [0.0_f64; 5];
    for (index, label) in states.iter().enumerate() {
        let label = label.as_str().unwrap();
        start(&net, &mut training, &mut optimizer, label, kind);
        let before = state::parameters(&training.network);
        let formula = joined(&formula(&training, label));
        let batch = net.batch(label, &setting, kind);
        let rate = net.golden.number("lr");
        let result = training.step(&mut optimizer, &batch, START, rate).unwrap();
        let (loss, expected) = (result.loss.double_value(&[]), losses[index]);
        let off = (loss - expected).abs() / expected;
        assert!(off <= tolerance, "{name} {kind:?} {label}: loss {loss}, not {expected}");
        worst[3] = worst[3].max(off);
        let weights = state::parameters(&training.network);
        let momenta = momenta(&training, &optimizer);
        pruned_are_plus_zero(&training, &weights);
        pruned_are_plus_zero(&training, &momenta);
        // What the step does is a small part of the weights, and would hide behind them.
        let change = change(&before, &weights);
        let theirs: Vec<f64> = rows[0][index].iter().zip(formula).map(|(a, b)| a - b).collect();
        let what = format!("{name} {kind:?} {label}, the change alone");
        worst[4] = worst[4].max(match kind {
            Kind::Double => each_within(EACH, &change, &theirs, what),
            _ => joined_within(tolerance, &change, &theirs, what),
        });
        let found = [weights, momenta, state::statistics(&training.network)];
        for ((worst, found), rows) in worst.iter_mut().zip(&found).zip(&rows) {
            let what = format!("{name} {kind:?} {label}");
            *worst = worst.max(joined_within(tolerance, found, &rows[index], what));
        }
    }
    let [weights, momenta, statistics, loss, change] = worst;
    println!(
        "{name} {kind:?}: weights {weights:.1e}, momenta {momenta:.1e}, statistics \
         {statistics:.1e}, loss {loss:.1e}, the change alone {change:.1e}"
    );
}

fn check_all(names: &[&'static str], kind: Kind) {
    let tolerance = if kind == Kind::Double { 1e-9 } else { 1e-4 };
    names.iter().for_each(|name| check(name, kind, tolerance));
}

#[test]
fn one_masked_step_of_the_small_resnets_in_f32() {
    check_all(SMALL, Kind::Float);
}

#[test]
fn one_masked_step_of_the_small_resnets_in_f64() {
    check_all(SMALL, Kind::Double);
}

#[test]
fn one_masked_step_of_the_large_resnets_in_f32() {
    check_all(LARGE, Kind::Float);
}

#[test]
fn one_masked_step_of_the_large_resnets_in_f64() {
    check_all(LARGE, Kind::Double);
}

#[test]
fn one_masked_step_of_vgg_mobilenets_and_lenets_in_f32() {
    check_all(OTHERS, Kind::Float);
}

#[test]
fn one_masked_step_of_vgg_mobilenets_and_lenets_in_f64() {
    check_all(OTHERS, Kind::Double);
}
