//! Conflicts, failures, stops.

use std::sync::{Arc, Mutex};

use super::*;
use crate::train::Results;

fn failing(path: &'static str) -> Fake {
    Fake::acting(move |job, _, _, _| match job.key.path() == path {
        true => Err(ExecuteError::Failed("the loss is NaN at step 7".into())),
        false => Ok(Outcome::Done(results())),
    })
}

#[test]
fn a_changed_key_is_shown_as_a_diff_and_nothing_runs() {
    let (folder, run) = run_dir();
    let mut config = config();
    go(&run, &config, &Fake::default()).unwrap();
    config.train.epochs = 12;
    config.spends[0].train.epochs = 12;
    config.spends[1].train.epochs = 12;
    config.spends[1].train.activation = Some(plugin("swish"));
    config.seeds.push(2);
    let fake = Fake::default();
    let error = go(&run, &config, &fake).unwrap_err();
    let path = folder.path().display();
    assert_eq!(
        error.to_string(),
        format!(
            "9 jobs of {path} were finished with other settings; nothing was run
  train.epochs  10 → 12  (9 jobs: draw imp seed 1 levels 00-02, spend vanilla on imp seed 1 levels 00-02, 1 more)
  train.activation  mish → swish  (3 jobs: spend all on imp seed 1 levels 00-02)
To keep both, give the new settings another `name` or --out.
To do them again, remove their folders: {path}/draw/imp/seed-1/level-00, {path}/draw/imp/seed-1/level-01 and 7 more (`jackpot plan` lists them)."
        )
    );
    assert_eq!(fake.take(), Vec::<String>::new());
    assert!(!folder.path().join("draw/imp/seed-2").exists());
    assert!(!folder.path().join("config-0001.toml").exists());
}

#[test]
fn another_plugin_file_stops_unless_it_is_accepted() {
    let (_folder, run) = run_dir();
    go(&run, &config(), &Fake::default()).unwrap();
    let mut changed = facts();
    let mish = ("activation".to_owned(), "mish".to_owned());
    changed.plugins.insert(mish, PluginFile { version: "0.2.0".into(), sha256: "ee".repeat(32) });
    let mut config = config();
    config.seeds.push(2);
    let fake = Fake::default();
    let go = |accept_changed_plugins| {
        let selection = Selection { accept_changed_plugins, ..Selection::all() };
        go_with(&run, &config, &changed, &selection, &fake, &Silent, &Stop::new())
    };
    let error = go(false).unwrap_err().to_string();
    assert!(error.contains("mish 0.1.0 (file 04040404) → mish 0.2.0 (file eeeeeeee)"), "{error}");
    assert!(error.contains("--accept-plugins"), "{error}");
    let summary = go(true).unwrap();
    assert_eq!((summary.done, summary.linked, summary.skipped), (6, 3, 9));
    let version = |path: &str| run.record(&key(path)).unwrap().unwrap().plugins[0].version.clone();
    assert_eq!(version("spend/all/imp/seed-1/level-00"), "0.1.0");
    assert_eq!(version("spend/all/imp/seed-2/level-00"), "0.2.0");
}

#[test]
fn a_failure_blocks_only_what_needs_it_and_is_tried_again() {
    let (_folder, run) = run_dir();
    let summary = go(&run, &config(), &failing("draw/imp/seed-1/level-01")).unwrap();
    assert_eq!((summary.done, summary.linked), (2, 1), "level 0 of the draw and of both recipes");
    let failed = key("draw/imp/seed-1/level-01");
    assert_eq!(summary.failed, [(failed.clone(), "the loss is NaN at step 7".to_owned())]);
    assert_eq!(summary.blocked.len(), 5);
    assert!(
        summary
            .blocked
            .iter()
            .any(|(_, why)| why == "needs draw imp seed 1 level 01, which was not done")
    );
    assert!(run.record(&failed).unwrap().is_none(), "job.json is only for whole results");
    let failure = run.failure(&failed).unwrap().unwrap();
    assert_eq!((failure.status, failure.attempts), (JobStatus::Failed, 1));

    go(&run, &config(), &failing("draw/imp/seed-1/level-01")).unwrap();
    assert_eq!(run.failure(&failed).unwrap().unwrap().attempts, 2);
    let summary = go(&run, &config(), &Fake::default()).unwrap();
    assert_eq!((summary.done, summary.linked, summary.skipped), (4, 2, 3));
    assert_eq!(run.failure(&failed).unwrap(), None);
}

#[test]
fn a_process_of_a_start_does_not_try_again_what_has_failed_in_it() {
    let (_folder, run) = run_dir();
    let failed = key("draw/imp/seed-1/level-01");
    let fake = failing("draw/imp/seed-1/level-01");
    go(&run, &config(), &fake).unwrap();
    let attempts = || run.failure(&failed).unwrap().unwrap().attempts;
    // The start began before that, with no failure; one that begins now knows of it.
    for (before, tried) in [(Failures::new(), 1), (Failures::from([(failed.clone(), 1)]), 2)] {
        let selection = Selection { failures: Some(before), ..Selection::all() };
        let go = |selection| {
            go_with(&run, &config(), &facts(), selection, &fake, &Silent, &Stop::new()).unwrap()
        };
        let summary = go(&selection);
        assert_eq!(summary.failed.len(), 1, "it counts");
        assert_eq!((summary.blocked.len(), attempts()), (5, tried));
    }
}

#[test]
fn a_stop_saves_the_state_and_the_next_run_goes_on_from_it() {
    let (folder, run) = run_dir();
    let stop = Stop::new();
    let fake = Fake::acting(|job, inputs, _, stop| {
        let first = job.key.path() == "draw/imp/seed-1/level-01";
        if first && !inputs.checkpoint.join("state").exists() {
            std::fs::write(inputs.checkpoint.join("state"), "step 5").unwrap();
            stop.request();
            return Ok(Outcome::Stopped);
        }
        Ok(Outcome::Done(results()))
    });
    let all = Selection::all();
    let summary = go_with(&run, &config(), &facts(), &all, &fake, &Silent, &stop).unwrap();
    assert!(summary.stopped);
    assert_eq!((summary.done, summary.left), (1, 8));
    let level = folder.path().join("draw/imp/seed-1");
    assert!(level.join(".level-01.checkpoint/state").exists());
    assert!(!level.join("level-01").exists());
    let overview = plan(Some(&run), &config(), &facts()).unwrap();
    assert_eq!(overview.jobs[1].state, JobState::Begun);

    let summary = go(&run, &config(), &fake).unwrap();
    assert_eq!((summary.stopped, summary.done, summary.skipped), (false, 5, 1));
    assert!(level.join("level-01/job.json").exists());
    assert!(!level.join(".level-01.checkpoint").exists());
}

#[test]
fn a_stop_before_the_first_job_starts_nothing() {
    let (_folder, run) = run_dir();
    let (stop, fake) = (Stop::new(), Fake::default());
    stop.request();
    let summary =
        go_with(&run, &config(), &facts(), &Selection::all(), &fake, &Silent, &stop).unwrap();
    assert_eq!((summary.stopped, summary.left), (true, 9));
    assert_eq!(fake.take(), Vec::<String>::new());
}

#[test]
fn a_diverged_training_is_a_result_and_no_accuracy_is_none() {
    let with = |accuracy, loss| {
        Fake::acting(move |_, _, _, _| {
            let results = Results { test_accuracy: accuracy, test_loss: loss, ..results() };
            Ok(Outcome::Done(results))
        })
    };
    let (_folder, run) = run_dir();
    let summary = go(&run, &config(), &with(f64::NAN, 1.0)).unwrap();
    assert_eq!((summary.failed.len(), summary.blocked.len()), (1, 8));
    assert!(run.records().unwrap().is_empty());
    let summary = go(&run, &config(), &with(0.1, f64::NAN)).unwrap();
    assert_eq!((summary.done, summary.linked), (6, 3), "{summary:?}");
    for record in run.records().unwrap() {
        let results = record.results.unwrap();
        assert!(results.test_loss.is_nan());
        assert_eq!(results.test_accuracy, 0.1);
    }
}

#[test]
fn a_damaged_record_is_named_and_not_overwritten() {
    let (folder, run) = run_dir();
    go(&run, &config(), &Fake::default()).unwrap();
    let path = folder.path().join("draw/imp/seed-1/level-01/job.json");
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 1, whole.len() / 2, whole.len() - 3] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let error = go(&run, &config(), &Fake::default()).unwrap_err().to_string();
        assert!(error.contains("level-01/job.json is damaged"), "{error}");
    }
    let newer = String::from_utf8(whole).unwrap().replace("\"format\": 1", "\"format\": 2");
    std::fs::write(&path, newer).unwrap();
    let error = go(&run, &config(), &Fake::default()).unwrap_err().to_string();
    assert!(error.contains("its format is 2"), "{error}");
}

#[test]
fn an_edited_record_is_a_conflict() {
    let (folder, run) = run_dir();
    go(&run, &config(), &Fake::default()).unwrap();
    let path = folder.path().join("draw/imp/seed-1/level-01/job.json");
    let mut record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["identity"] = "0".repeat(64).into();
    std::fs::write(&path, record.to_string()).unwrap();
    let error = go(&run, &config(), &Fake::default()).unwrap_err().to_string();
    assert!(error.contains("identity  00000000 → "), "{error}");
}

/// One process stops, or dies, while it tries a job again with another seed; another one had the
/// same job on its list before.
#[test]
fn a_retry_that_was_broken_off_is_gone_on_with_by_another_process() {
    let (_folder, run) = run_dir();
    let run = Arc::new(run);
    let mut config = config();
    config.seeds.push(2);
    let only = |glob: &str| Selection {
        only: Some(Glob::new(glob)),
        retry_diverged: true,
        ..Selection::all()
    };
    let seeds = Arc::new(Mutex::new(Vec::new()));
    // The first process: while it is at its first job, the second diverges once and is stopped in
    // its second try at the other job.
    let first = Fake::acting({
        let (run, config, seeds) = (Arc::clone(&run), config.clone(), Arc::clone(&seeds));
        move |job, inputs, _, _| {
            if job.key.seed() == 2 {
                seeds.lock().unwrap().push(inputs.seed);
                return Ok(Outcome::Done(results()));
            }
            let second = Fake::acting(|_, inputs, _, _| match inputs.seed {
                None => Err(ExecuteError::Diverged("the loss is NaN".into())),
                Some(_) => {
                    std::fs::write(inputs.checkpoint.join("state"), "step 5").unwrap();
                    Ok(Outcome::Stopped)
                }
            });
            let only = only("draw/imp/seed-2/level-00");
            let stop = Stop::new();
            go_with(&run, &config, &facts(), &only, &second, &Silent, &stop).unwrap();
            Ok(Outcome::Done(results()))
        }
    });
    let only = only("draw/imp/seed-*/level-00");
    let summary = go_with(&run, &config, &facts(), &only, &first, &Silent, &Stop::new()).unwrap();
    assert_eq!((summary.done, summary.failed.len()), (2, 0), "{summary:?}");
    let record = run.record(&key("draw/imp/seed-2/level-00")).unwrap().unwrap();
    assert_eq!((record.diverged, record.trained_seed), (vec![2], seeds.lock().unwrap()[0]));
    assert!(record.trained_seed.is_some());
}
