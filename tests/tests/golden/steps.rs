//! Masked training steps: one from each of thirty states, and thirty in a row.

use tch::Kind;

use crate::compare::{Worst, change, change_of_rows, projected, rows};
use crate::data::case;
use crate::run::{Run, parts};
use crate::setup::START;
use crate::state::{self, Shape};

fn one_step_from_each(kind: Kind, tolerance: f64) {
    let golden = case("steps");
    let losses = golden.values("loss");
    let states = golden.about["states"].as_array().unwrap();
    assert_eq!((states.len(), losses.len()), (30, 30));
    let [mut worst, mut worst_change] = [Worst::default(), Worst::default()];
    for (index, about) in states.iter().enumerate() {
        let label = about["label"].as_str().unwrap();
        let shape = Shape::of(&golden.about).with(about["architecture"].as_str().unwrap());
        let parts = parts(&shape, &golden);
        let exact = Run::new(&parts, label, Kind::Double, &golden);
        let formula = rows(&state::parameters(&exact.training.network));
        let mut run = Run::new(&parts, label, kind, &golden);
        run.set_momenta(label);
        let before = state::parameters(&run.training.network);
        let loss = run.step(&shape.batch(label, kind), START, golden.number("lr"));
        let off = (loss - losses[index]).abs();
        assert!(off <= tolerance * losses[index], "{label}: loss {loss}, not {}", losses[index]);
        let stored = |what: &str| golden.rows(&format!("{index:02}/{what}"));
        let after = state::parameters(&run.training.network);
        worst = worst.and(projected(&after, &stored("weights")));
        worst = worst.and(projected(&run.momenta(), &stored("momenta")));
        // What the step does is a small part of the weights, and would hide behind them.
        let theirs = change_of_rows(&formula, &stored("weights"));
        worst_change = worst_change.and(projected(&change(&before, &after), &theirs));
    }
    let what = format!("a step from each of 30 states, {kind:?}");
    worst.within(tolerance, &what);
    worst_change.within(tolerance, &format!("{what}, the change alone"));
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
        let batch = shape.batch(&batch, Kind::Double);
        let loss = run.step(&batch, START, golden.number("lr"));
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
