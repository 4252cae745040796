//! Masked training steps: one from each of thirty states, and thirty in a row.

use jackpot::model::state::State;
use jackpot::prune::masks::keep;
use jackpot::train::Training;
use jackpot::train::optimizer::Optimizer;
use tch::Kind;

use crate::compare::{Worst, projected};
use crate::data::{Case, case, numbers};
use crate::setup::{Parts, START, sgd};
use crate::state::{self, Shape};

/// A state's training, with its optimizer.
struct Run<'a> {
    training: Training<'a>,
    optimizer: Optimizer,
}

impl<'a> Run<'a> {
    fn new(parts: &'a Parts, label: &str, kind: Kind, golden: &Case) -> Self {
        let mut training = parts.training();
        state::load(&mut training.network, label, kind);
        training.masks = state::masks(&training.network, label, golden.number("keep"));
        training.masks.apply(&training.network).unwrap();
        let optimizer =
            Optimizer::new(&parts.train.optimizer, training.network.parameters()).unwrap();
        Self { training, optimizer }
    }

    /// Momentum by formula, under the mask.
    fn set_momenta(&mut self, label: &str) {
        let (network, masks) = (&self.training.network, &self.training.masks);
        let masked = state::momenta(network, label).into_iter().map(|(name, momentum)| {
            let momentum = masks
                .get(&name)
                .map_or(momentum.shallow_clone(), |mask| keep(mask, &momentum).unwrap());
            (format!("first.{name}"), momentum)
        });
        self.optimizer.load(network.parameters(), &masked.collect::<State>()).unwrap();
    }

    /// One step; gives the loss before it.
    fn step(&mut self, shape: &Shape, label: &str, kind: Kind, rate: f64) -> f64 {
        let batch = shape.batch(label, kind);
        let result = self.training.step(&mut self.optimizer, &batch, START, rate).unwrap();
        self.pruned_weights_are_plus_zero();
        result.loss.double_value(&[])
    }

    fn momenta(&self) -> Vec<(String, Vec<f64>)> {
        let parameters = self.training.network.parameters();
        let state = self.optimizer.state(parameters);
        let momentum = |name: &String| numbers(&state[&format!("first.{name}")]);
        parameters.iter().map(|p| (p.name.clone(), momentum(&p.name))).collect()
    }

    /// To the bit, weights and momenta.
    fn pruned_weights_are_plus_zero(&self) {
        let all = [state::parameters(&self.training.network), self.momenta()];
        for (name, values) in all.iter().flatten() {
            let Some(mask) = self.training.masks.get(name) else { continue };
            let mask: Vec<bool> = mask.view(-1).try_into().unwrap();
            let pruned = values.iter().zip(mask).filter(|(_, kept)| !kept);
            assert!(pruned.into_iter().all(|(x, _)| x.to_bits() == 0), "{name}");
        }
    }
}

fn parts(shape: &Shape, golden: &Case) -> Parts {
    let mut parts = shape.parts();
    let number = |key| golden.number(key);
    parts.train.optimizer = sgd(number("lr"), number("momentum"), number("weight_decay"));
    parts
}

fn one_step_from_each(kind: Kind, tolerance: f64) {
    let golden = case("steps");
    let losses = golden.values("loss");
    let states = golden.about["states"].as_array().unwrap();
    assert_eq!((states.len(), losses.len()), (30, 30));
    let mut worst = Worst::default();
    for (index, about) in states.iter().enumerate() {
        let label = about["label"].as_str().unwrap();
        let shape = Shape::of(&golden.about).with(about["architecture"].as_str().unwrap());
        let parts = parts(&shape, &golden);
        let mut run = Run::new(&parts, label, kind, &golden);
        run.set_momenta(label);
        let loss = run.step(&shape, label, kind, golden.number("lr"));
        let off = (loss - losses[index]).abs();
        assert!(off <= tolerance * losses[index], "{label}: loss {loss}, not {}", losses[index]);
        let rows = |what: &str| golden.rows(&format!("{index:02}/{what}"));
        let weights = state::parameters(&run.training.network);
        worst = worst.and(projected(&weights, &rows("weights")));
        worst = worst.and(projected(&run.momenta(), &rows("momenta")));
    }
    worst.within(tolerance, &format!("a step from each of 30 states, {kind:?}"));
}

#[test]
fn one_masked_step_from_each_state_in_f32() {
    one_step_from_each(Kind::Float, 1e-4);
}

#[test]
fn one_masked_step_from_each_state_in_f64() {
    one_step_from_each(Kind::Double, 1e-9);
}

#[test]
fn thirty_masked_steps_in_f64() {
    let golden = case("free-run");
    let label = golden.text("label");
    let shape = Shape::of(&golden.about);
    let parts = parts(&shape, &golden);
    let mut run = Run::new(&parts, label, Kind::Double, &golden);
    let batches = golden.about["batches"].as_u64().unwrap();
    let losses = golden.values("loss");
    assert_eq!(losses.len(), 30);
    for (t, expected) in (0..).zip(&losses) {
        let batch = format!("{label}/{}", t % batches);
        let loss = run.step(&shape, &batch, Kind::Double, golden.number("lr"));
        assert!((loss - expected).abs() <= 1e-8 * expected, "step {t}: {loss}, not {expected}");
    }
    assert!(losses[29] < 0.9 * losses[0], "the run trains: {losses:?}");
    let network = &run.training.network;
    for (what, ours) in [
        ("weights", state::parameters(network)),
        ("momenta", run.momenta()),
        ("statistics", state::statistics(network)),
    ] {
        projected(&ours, &golden.rows(what)).within(1e-8, &format!("30 steps: {what}"));
    }
}
