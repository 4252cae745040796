//! Knowledge distillation from a teacher with batch normalisation, against plain PyTorch
//! (`tests/golden/recipes.py`).

use jackpot::model::Network;
use serde_json::Value;
use tch::Kind;

use crate::compare::{change, change_of_rows, projected, rows};
use crate::data::{case_of, numbers};
use crate::run::{Run, parts};
use crate::setup::{START, reference};
use crate::state::{self, Shape};

const TOLERANCE: f64 = 1e-9;

/// The case's teacher, in its own state.
fn teacher(about: &Value, shape: &Shape) -> Network {
    let architecture = about["architecture"].as_str().unwrap();
    let shape = Shape { width: about["width"].as_i64().unwrap(), ..shape.clone() };
    let parts = shape.with(architecture).parts();
    let mut teacher = parts.training().network;
    state::load(&mut teacher, about["label"].as_str().unwrap(), Kind::Double);
    teacher
}

fn bits(network: &Network) -> Vec<u64> {
    let all = [state::parameters(network), state::statistics(network)].concat();
    all.iter().flat_map(|(_, values)| values.iter().map(|x| x.to_bits())).collect()
}

/// Steps of a student. In train mode the teacher would give other logits, by a tenth and more.
fn follows(name: &str) {
    let golden = case_of("recipes.json", name);
    let (label, shape) = (golden.text("label"), Shape::of(&golden.about));
    let mut parts = parts(&shape, &golden);
    parts.train.loss = Some(reference("kd", &golden.about["params"]));
    let mut run = Run::new(&parts, label, Kind::Double, &golden);
    let teacher = teacher(&golden.about["teacher"], &shape);
    let untouched = bits(&teacher);
    run.training.teacher = Some(teacher);
    let (losses, stored) = (golden.values("loss"), golden.tensor("weights"));
    assert_eq!(losses.len(), 4);
    let mut before = state::parameters(&run.training.network);
    let mut before_rows = rows(&before);
    for (step, expected) in (0..).zip(&losses) {
        let batch = shape.batch(&format!("{label}/{step}"), Kind::Double);
        let loss = run.step(&batch, START, golden.number("lr"));
        let what = format!("{name}, step {step}");
        assert!((loss - expected).abs() <= TOLERANCE * expected, "{what}: {loss}, not {expected}");
        let after = state::parameters(&run.training.network);
        let table = stored.get(step);
        let after_rows: Vec<_> = (0..table.size()[0]).map(|row| numbers(&table.get(row))).collect();
        projected(&after, &after_rows).within(TOLERANCE, &what);
        let (ours, theirs) = (change(&before, &after), change_of_rows(&before_rows, &after_rows));
        projected(&ours, &theirs).within(TOLERANCE, &format!("{what}, the change alone"));
        (before, before_rows) = (after, after_rows);
    }
    projected(&run.momenta(), &golden.rows("momenta")).within(TOLERANCE, "momenta");
    let statistics = state::statistics(&run.training.network);
    projected(&statistics, &golden.rows("statistics")).within(TOLERANCE, "statistics");
    assert_eq!(untouched, bits(run.training.teacher.as_ref().unwrap()), "the teacher changed");
}

#[test]
fn a_student_follows_pytorch_with_the_mean_over_images() {
    follows("kd-batchmean-5");
}

#[test]
fn a_student_follows_pytorch_with_the_mean_over_elements() {
    follows("kd-mean-5");
}

#[test]
fn a_student_follows_pytorch_at_another_temperature_and_share() {
    follows("kd-batchmean-2");
}
