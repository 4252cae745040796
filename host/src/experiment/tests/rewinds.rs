//! Draws that differ only in where they rewind to share one dense training.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::config::{Config, Rewind};

fn at(text: &str) -> Rewind {
    Rewind::At(text.parse().unwrap())
}

fn two_draws() -> Config {
    let mut config = config();
    config.draws = vec![draw("imp", Rewind::Init), draw("imp@2ep", at("2ep"))];
    config.spends.clear();
    config
}

#[test]
fn one_dense_training_saves_every_rewind_point() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let summary = go(&run, &two_draws(), &fake).unwrap();
    assert_eq!((summary.done, summary.linked, summary.skipped), (5, 1, 0));
    let mut jobs = series("draw/imp/seed-1");
    jobs.extend(series("draw/imp@2ep/seed-1").into_iter().skip(1));
    assert_eq!(fake.take(), jobs);
    assert!(run.init("imp@2ep", 1).exists() && run.rewind("imp@2ep", 1).exists());
    assert!(!run.rewind("imp", 1).exists());
    let dense = run.folder(&key("draw/imp/seed-1/level-00"));
    let names: Vec<_> = std::fs::read_dir(dense).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "the weights are moved: {names:?}");
}

#[test]
fn tickets_start_at_the_rewind_point_and_the_dense_network_at_its_beginning() {
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let fake = Fake::acting({
        let seen = Arc::clone(&seen);
        move |job, inputs, _, _| {
            let weights = match &inputs.start {
                Start::Prune { weights, .. } => Some(weights),
                Start::Ticket { weights, .. } => weights.as_ref(),
                _ => None,
            };
            if let Some(weights) = weights {
                seen.lock().unwrap().insert(job.key.path(), weights.clone());
            }
            Ok(Outcome::Done(results()))
        }
    });
    let (_folder, run) = run_dir();
    let mut config = config();
    config.draws = vec![draw("imp", at("2ep"))];
    config.spends.remove(0);
    go(&run, &config, &fake).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen["draw/imp/seed-1/level-01"], run.rewind("imp", 1));
    assert_eq!(seen["spend/all/imp/seed-1/level-00"], run.init("imp", 1));
    assert_eq!(seen["spend/all/imp/seed-1/level-02"], run.rewind("imp", 1));
}

#[test]
fn a_new_rewind_point_needs_the_dense_training_once_more() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let mut config = two_draws();
    go(&run, &config, &fake).unwrap();
    fake.take();
    config.draws.push(draw("imp@5ep", at("5ep")));
    config.draws.push(draw("imp@2ep-too", at("2ep")));
    let summary = go(&run, &config, &fake).unwrap();
    assert_eq!(fake.take(), series("draw/imp@5ep/seed-1"), "its point was not saved");
    assert_eq!((summary.done, summary.linked), (3, 3), "the other's was");
    assert!(run.rewind("imp@2ep-too", 1).exists());
}

#[test]
fn a_changed_rewind_point_is_a_conflict_of_the_pruned_levels_only() {
    let (_folder, run) = run_dir();
    let mut config = two_draws();
    go(&run, &config, &Fake::default()).unwrap();
    config.draws[1].rewind = at("5ep");
    let error = go(&run, &config, &Fake::default()).unwrap_err().to_string();
    assert!(
        error.contains("draw.rewind  2ep → 5ep  (2 jobs: draw imp@2ep seed 1 levels 01-02)"),
        "{error}"
    );
    // With those gone, only the weights at the new point are missing.
    for level in ["level-01", "level-02"] {
        std::fs::remove_dir_all(run.path().join("draw/imp@2ep/seed-1").join(level)).unwrap();
    }
    let fake = Fake::default();
    go(&run, &config, &fake).unwrap();
    assert_eq!(fake.take(), series("draw/imp@2ep/seed-1"));
    let record = run.record(&key("draw/imp@2ep/seed-1/level-00")).unwrap().unwrap();
    assert_eq!(record.rewind, Some("5ep".parse().unwrap()));
}

#[test]
fn weights_that_were_not_written_fail_the_job() {
    let (_folder, run) = run_dir();
    let fake = Fake::acting(|job, _, into, _| {
        if job.key.level() == 0 {
            std::fs::remove_file(into.join("rewind-2ep.safetensors")).unwrap();
        }
        Ok(Outcome::Done(results()))
    });
    let summary = go(&run, &two_draws(), &fake).unwrap();
    assert_eq!(summary.failed[0].1, "the training did not write rewind-2ep.safetensors");
    assert_eq!(summary.blocked.len(), 5);
    assert!(!run.init("imp", 1).exists());
}
