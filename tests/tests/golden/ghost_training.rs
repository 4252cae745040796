//! Training with ghost-skip's connections while they fade, against plain PyTorch
//! (`tests/golden/recipes.py`).

use std::path::Path;

use jackpot::model::Network;
use jackpot::model::state::{Extra, State};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::model::Mode;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::compare::{Named, change, change_of_rows, deviation, projected, rows};
use crate::data::{Case, case_of, numbers};
use crate::run::{Run, parts};
use crate::setup::{Parts, reference};
use crate::state::{self, Shape};

const TOLERANCE: f64 = 1e-9;

/// The state of the case, but for the connections: these are as the host makes them.
fn start<'a>(parts: &'a Parts, golden: &Case) -> Run<'a> {
    let label = golden.text("label");
    let own = parts.training().network.state();
    let mut run = Run::new(parts, label, Kind::Double, golden);
    let mut all: State = state::weights(&run.training.network, label);
    all.extend(own.into_iter().filter(|(name, _)| name.starts_with("skip.")));
    run.training.network.load(&all, Path::new("start"), Extra::Refused).unwrap();
    run.training.masks.apply(&run.training.network).unwrap();
    run
}

/// The tensors in the order of the stored rows, whose names are in the index.
fn ordered(tensors: Named, golden: &Case, key: &str) -> Named {
    let names: Vec<String> = serde_json::from_value(golden.about[key].clone()).unwrap();
    assert_eq!(names.len(), tensors.len(), "{key}");
    let find = |name: &String| tensors.iter().find(|(other, _)| other == name).unwrap().clone();
    names.iter().map(find).collect()
}

fn logits(network: &Network, inputs: &Tensor, mode: Mode) -> Vec<f64> {
    numbers(&tch::no_grad(|| network.forward(inputs, mode).unwrap())[0].1)
}

fn follows(name: &str) {
    let golden = case_of("recipes.json", &format!("ghost-skip-{name}"));
    let (label, shape) = (golden.text("label"), Shape::of(&golden.about));
    let count = |key: &str| golden.about[key].as_u64().unwrap();
    let mut parts = parts(&shape, &golden);
    parts.train.skip = Some(reference("ghost-skip", &json!({ "fade": golden.text("fade") })));
    let mut run = start(&parts, &golden);
    let parameters =
        |run: &Run<'_>| ordered(state::parameters(&run.training.network), &golden, "parameters");
    let mut before = parameters(&run);
    let is_jump = |name: &str| name.starts_with("skip.");
    let jumps = before.iter().filter(|(name, _)| name.ends_with(".conv.weight"));
    assert_eq!(jumps.filter(|(name, _)| is_jump(name)).count() as u64, count("jumps"));
    let (losses, steps_per_epoch) = (golden.values("loss"), count("steps_per_epoch"));
    let stored = golden.tensor("weights");
    let mut before_rows = rows(&before);
    for (step, expected) in (0..).zip(&losses) {
        let progress = Progress { step, steps_per_epoch, total_steps: 20 };
        let batch = shape.batch(&format!("{label}/{step}"), Kind::Double);
        let loss = run.step(&batch, progress, golden.number("lr"));
        let what = format!("{name}, step {step}");
        assert!((loss - expected).abs() <= TOLERANCE * expected, "{what}: {loss}, not {expected}");
        let after = parameters(&run);
        let table = stored.get(step.cast_signed());
        let after_rows: Vec<_> = (0..table.size()[0]).map(|row| numbers(&table.get(row))).collect();
        projected(&after, &after_rows).within(TOLERANCE, &what);
        let (ours, theirs) = (change(&before, &after), change_of_rows(&before_rows, &after_rows));
        projected(&ours, &theirs).within(TOLERANCE, &format!("{what}, the change alone"));
        // The connections by themselves: beside the large weights they would not be noticed.
        let both = ours.into_iter().zip(theirs).filter(|((name, _), _)| is_jump(name));
        let (ours, theirs): (Named, Vec<_>) = both.unzip();
        let acts = run.training.network.skip_acts();
        assert_eq!(acts, ours.iter().any(|(_, x)| x.iter().any(|x| *x != 0.0)), "{what}");
        if acts {
            projected(&ours, &theirs).within(TOLERANCE, &format!("{what}, the connections"));
        }
        (before, before_rows) = (after, after_rows);
    }
    assert!(!run.training.network.skip_acts(), "the last steps are without connections");
    let momenta = ordered(run.momenta(), &golden, "parameters");
    projected(&momenta, &golden.rows("momenta")).within(TOLERANCE, "momenta");
    let statistics = ordered(state::statistics(&run.training.network), &golden, "buffers");
    projected(&statistics, &golden.rows("statistics")).within(TOLERANCE, "statistics");
    is_the_plain_network(&run, &golden, &shape);
}

/// What is stored, in a network without connections, computes what PyTorch's plain one does.
fn is_the_plain_network(run: &Run<'_>, golden: &Case, shape: &Shape) {
    let plain_parts = shape.parts();
    let mut plain = plain_parts.training().network;
    plain.convert_to(Kind::Double).unwrap();
    let stored = run.training.network.stored_state();
    plain.load(&stored, Path::new("stored"), Extra::Refused).unwrap();
    let inputs = shape.batch(&format!("{}/test", golden.text("label")), Kind::Double).inputs;
    for (mode, key) in [(Mode::Eval, "after/eval"), (Mode::BatchStats, "after/batch")] {
        let found = logits(&plain, &inputs, mode);
        let off = deviation(&found, &golden.values(key));
        println!("{key}: {off:.1e}");
        assert!(off <= TOLERANCE, "{key}: {off:e}");
        assert_eq!(found, logits(&run.training.network, &inputs, mode), "{key}");
    }
}

#[test]
fn a_resnet_follows_pytorch_while_connections_fade_and_after() {
    follows("resnet18");
}

#[test]
fn a_vgg_follows_pytorch_while_connections_fade_and_after() {
    follows("vgg16");
}
