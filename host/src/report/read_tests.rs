//! Runs put on disk by hand, in the run directory's layout.

use super::*;

const CONFIG: &str = r#"
name = "by-hand"
seeds = [1, 2]
[[draw]]
levels = 1
[[spend]]
recipe = "vanilla"
[[spend]]
recipe = "mish"
levels = [1]
"#;

fn put(run: &Path, file: &str, text: &str) {
    let path = run.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn done(accuracy: f64) -> String {
    format!(
        r#"{{"status": "done", "results": {{"test_accuracy": {accuracy},
        "test_accuracy_last": 0.5, "validation_accuracy": 0.5, "test_loss": 1.0, "best_epoch": 1,
        "weights_kept": 8, "weights_total": 10, "weights_training": 9, "flops": 7,
        "precision": "f32"}}}}"#
    )
}

/// Done, linked with and without copied results, failed, damaged, missing; and a leftover of a
/// killed process.
fn by_hand() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    put(run, "config.toml", CONFIG);
    put(run, "manifest.json", r#"{"device": "cpu"}"#);
    put(run, "draw/imp/seed-1/level-00/job.json", &done(0.75));
    put(run, "draw/imp/seed-1/level-00/layers.csv", "layer,weights,kept,o,i\na.weight,4,3,0,0\n");
    put(
        run,
        "draw/imp/seed-1/level-00/metrics.jsonl",
        r#"{"epoch": 1, "split": "train", "loss": 1.5, "accuracy": 0.5}"#,
    );
    put(
        run,
        "spend/vanilla/imp/seed-1/level-00/job.json",
        r#"{"status": "linked",
            "linked_to": {"kind": "draw", "draw": "imp", "seed": 1, "level": 0}}"#,
    );
    put(run, "spend/vanilla/imp/seed-1/level-01/job.json", &done(0.625));
    let failed = r#"{"status": "failed", "error": "loss is NaN"}"#;
    put(run, "spend/mish/imp/seed-1/level-01.failed.json", failed);
    put(run, "spend/vanilla/imp/seed-1/level-01.failed.json", failed);
    put(run, "spend/mish/imp/seed-2/level-01/job.json", "{\"status\": ");
    put(run, "spend/mish/imp/seed-2/.level-01.tmp-77-0/job.json", &done(0.1));
    put(run, "spend/old/imp/seed-9/level-01/job.json", &done(0.5));
    folder
}

fn find<'a>(run: &'a Run, recipe: Option<&str>, seed: u64, level: usize) -> &'a Row {
    let same = |r: &&Row| r.recipe.as_deref() == recipe && r.seed == seed && r.level == level;
    run.rows.iter().find(same).unwrap()
}

#[test]
fn every_state_of_a_job_is_told() {
    let folder = by_hand();
    let run = read(folder.path()).unwrap();
    assert_eq!(run.name, "by-hand");
    // draw 2×2, vanilla 2×2, mish 2×1, and the one left from an older config.
    assert_eq!(run.rows.len(), 4 + 4 + 2 + 1);
    let linked = find(&run, Some("vanilla"), 1, 0);
    assert_eq!(linked.status, Status::Linked("draw/imp/seed-1/level-00".into()));
    assert_eq!(linked.results.as_ref().unwrap().test_accuracy, 0.75);
    assert_eq!((linked.curve.len(), linked.layers[0].kept), (1, 3));
    assert_eq!(find(&run, Some("vanilla"), 1, 1).status, Status::Done);
    assert_eq!(find(&run, Some("mish"), 1, 1).status, Status::Failed("loss is NaN".into()));
    let damaged = &find(&run, Some("mish"), 2, 1).status;
    assert!(matches!(damaged, Status::Failed(why) if why.contains("damaged")), "{damaged:?}");
    assert_eq!(find(&run, None, 2, 0).status, Status::Missing);
    assert_eq!(run.rows.last().unwrap().recipe.as_deref(), Some("old"));
}

#[test]
fn the_order_is_that_of_the_config_and_the_same_every_time() {
    let folder = by_hand();
    let order = |run: &Run| -> Vec<_> {
        run.rows.iter().map(|r| (r.recipe.clone(), r.seed, r.level)).collect()
    };
    let first = read(folder.path()).unwrap();
    let name = |recipe: &str| Some(recipe.to_owned());
    assert_eq!(order(&first)[4], (name("vanilla"), 1, 0));
    assert_eq!(order(&first)[8], (name("mish"), 1, 1));
    assert_eq!(order(&first), order(&read(folder.path()).unwrap()));
}

#[test]
fn a_link_without_target_counts_as_failed() {
    let folder = by_hand();
    fs::remove_dir_all(folder.path().join("draw")).unwrap();
    let run = read(folder.path()).unwrap();
    assert!(matches!(find(&run, Some("vanilla"), 1, 0).status, Status::Failed(_)));
}

#[test]
fn another_folder_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
    assert!(error.contains("is not a run"), "{error}");
    assert!(matches!(read(&folder.path().join("none")), Err(ReportError::NotARun { .. })));
}
