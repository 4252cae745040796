//! Trainings that were begun and not finished: their state is neither mixed nor lost.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::config::{Config, Rewind};
use crate::model::state::State;
use crate::train::checkpoint::{Position, Saved, save};
use crate::train::metrics::Metrics;

const FIRST: &str = "draw/imp/seed-1/level-00";

/// What the first job's training finds: whether there was a state, once a call.
type Seen = Arc<Mutex<Vec<bool>>>;

/// Notes whether a state is there, writes one, and ends as `end` says.
fn saving(end: impl Fn(&Job) -> Result<Outcome, ExecuteError> + Sync + 'static) -> (Fake, Seen) {
    let seen = Seen::default();
    let fake = Fake::acting({
        let seen = Arc::clone(&seen);
        move |job, inputs, _, _| {
            let state = inputs.checkpoint.join("state");
            seen.lock().unwrap().push(state.exists());
            std::fs::write(state, "step 5").unwrap();
            end(job)
        }
    });
    (fake, seen)
}

fn begin(run: &RunDir, config: &Config) {
    go(run, config, &saving(|_| Ok(Outcome::Stopped)).0).unwrap();
}

fn state(run: &RunDir) -> PathBuf {
    run.path().join("draw/imp/seed-1/.level-00.checkpoint/state")
}

fn warnings(log: Log) -> Vec<String> {
    let log = log.0.into_inner().unwrap();
    log.into_iter().filter(|line| line.contains("\"warning\"")).collect()
}

#[test]
fn a_state_of_other_settings_stops_with_a_diff() {
    let (folder, run) = run_dir();
    begin(&run, &config());
    let mut longer = config();
    longer.train.epochs = 11;
    let (fake, seen) = saving(|_| Ok(Outcome::Stopped));
    let path = folder.path().display();
    let expected = format!(
        "1 job of {path} was begun with other settings; nothing was run
  train.epochs  10 → 11  (1 job: draw imp seed 1 level 00)
To keep both, give the new settings another `name` or --out.
To go on with what was begun, change the settings back; to start over, remove its state: {path}/draw/imp/seed-1/.level-00.checkpoint."
    );
    assert_eq!(go(&run, &longer, &fake).unwrap_err().to_string(), expected);
    let overview = plan(Some(&run), &longer, &facts()).unwrap();
    assert_eq!(overview.conflicts().unwrap().to_string(), expected);
    assert!(seen.lock().unwrap().is_empty() && state(&run).exists());

    go(&run, &config(), &fake).unwrap();
    assert_eq!(*seen.lock().unwrap(), [true], "with the old settings it goes on");
    std::fs::remove_dir_all(state(&run).parent().unwrap()).unwrap();
    go(&run, &longer, &fake).unwrap();
    assert_eq!(*seen.lock().unwrap(), [true, false], "without the state it starts over");
}

#[test]
fn finished_and_begun_conflicts_are_told_together() {
    let (_folder, run) = run_dir();
    let (fake, _) = saving(|job| match job.key.level() {
        1 => Ok(Outcome::Stopped),
        _ => Ok(Outcome::Done(results())),
    });
    go(&run, &config(), &fake).unwrap();
    let mut longer = config();
    longer.train.epochs = 11;
    let text = go(&run, &longer, &fake).unwrap_err().to_string();
    assert!(text.starts_with("2 jobs of "), "{text}");
    assert!(text.contains(", 1 finished and 1 begun, had other settings; nothing"), "{text}");
    assert!(text.contains("(2 jobs: draw imp seed 1 levels 00-01)"), "{text}");
    assert!(text.contains("do them again, remove their folders: "), "{text}");
    assert!(text.contains("to start over, remove its state: "), "{text}");
}

#[test]
fn a_state_of_another_plugin_file_starts_over_only_when_that_is_accepted() {
    let (_folder, run) = run_dir();
    begin(&run, &config());
    let mut changed = facts();
    let resnet = ("architecture".to_owned(), "resnet8".to_owned());
    changed.plugins.insert(resnet, PluginFile { version: "0.2.0".into(), sha256: "ee".repeat(32) });
    let (fake, seen) = saving(|_| Ok(Outcome::Stopped));
    let log = Log::default();
    let go = |accept_changed_plugins| {
        let selection = Selection { accept_changed_plugins, ..Selection::all() };
        go_with(&run, &config(), &changed, &selection, &fake, &log, &Stop::new())
    };
    let text = go(false).unwrap_err().to_string();
    assert!(text.contains("resnet8 0.1.0 (file 07070707) → resnet8 0.2.0 (file ee"), "{text}");
    assert!(text.ends_with("begun with another plugin file, run with --accept-plugins."), "{text}");
    assert!(state(&run).exists());
    go(true).unwrap();
    assert_eq!(*seen.lock().unwrap(), [false]);
    let warnings = warnings(log);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("draw imp seed 1 level 00 starts over: "), "{warnings:?}");
}

#[test]
fn a_state_without_an_owner_is_a_conflict() {
    let (_folder, run) = run_dir();
    begin(&run, &config());
    std::fs::write(state(&run).with_file_name(".job.json"), "{").unwrap();
    let text = go(&run, &config(), &Fake::default()).unwrap_err().to_string();
    assert!(text.contains("identity  unknown → "), "{text}");
    assert!(state(&run).exists());
}

#[test]
fn weights_of_a_rewind_point_alone_are_no_state() {
    let (_folder, run) = run_dir();
    let killed = Fake::acting(|_, inputs, _, stop| {
        std::fs::write(inputs.checkpoint.join("rewind-1it.safetensors"), "").unwrap();
        stop.request();
        Err(ExecuteError::Failed("killed".into()))
    });
    go(&run, &config(), &killed).unwrap();
    assert!(!state(&run).parent().unwrap().exists(), "there is nothing to go on from");
    let failure = run.failure(&key(FIRST)).unwrap().unwrap();
    assert_eq!(failure.error.as_deref(), Some("killed"));
}

#[test]
fn a_failure_keeps_the_state_and_says_how_to_drop_it() {
    let (_folder, run) = run_dir();
    let (fake, seen) = saving(|_| Err(ExecuteError::Failed("CUDA out of memory".into())));
    for attempts in 1..=3 {
        let summary = go(&run, &config(), &fake).unwrap();
        let folder = state(&run).parent().unwrap().display().to_string();
        let message = format!(
            "CUDA out of memory\nThe next run goes on from the state in {folder}; to start over, \
             remove it."
        );
        assert_eq!(summary.failed, [(key(FIRST), message.clone())]);
        let failure = run.failure(&key(FIRST)).unwrap().unwrap();
        assert_eq!((failure.error, failure.attempts), (Some(message), attempts));
    }
    assert_eq!(*seen.lock().unwrap(), [false, true, true]);
}

#[test]
fn a_state_that_cannot_be_read_twice_is_given_up() {
    let (_folder, run) = run_dir();
    let reason = || Err(ExecuteError::Checkpoint("the checkpoint is damaged".into()));
    begin(&run, &config());
    let (out_of_memory, _) = saving(|_| Err(ExecuteError::Failed("out of memory".into())));
    go(&run, &config(), &out_of_memory).unwrap();
    let (fake, seen) = saving(move |_| reason());
    for kept in [true, false] {
        let summary = go(&run, &config(), &fake).unwrap();
        assert!(summary.failed[0].1.starts_with("the checkpoint is damaged\n"), "{summary:?}");
        assert_eq!(summary.failed[0].1.contains("was removed"), !kept, "{summary:?}");
        assert_eq!(state(&run).exists(), kept);
    }
    go(&run, &config(), &fake).unwrap();
    assert_eq!(*seen.lock().unwrap(), [true, true, false]);
}

fn rewinding(points: &[&str]) -> Config {
    let mut config = config();
    let at = |point: &str| Rewind::At(point.parse().unwrap());
    config.draws = points.iter().map(|point| draw(&format!("imp@{point}"), at(point))).collect();
    config.draws[0].name = "imp".into();
    config.spends.clear();
    config
}

#[test]
fn a_state_serves_other_rewind_points_if_it_is_not_past_them() {
    let (_folder, run) = run_dir();
    begin(&run, &rewinding(&["2ep", "5ep"]));
    let (fake, seen) = saving(|_| Ok(Outcome::Stopped));
    for points in [["5ep", "2ep"], ["2ep", "7ep"]] {
        go(&run, &rewinding(&points), &fake).unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), [true, true]);
}

/// A whole state after so many steps, as a training writes it that has saved the weights of
/// `points`.
fn write_state(folder: &Path, step: u64, points: &[&str]) {
    let rewind = |point: &&str| (format!("rewind-{point}.safetensors"), "ab".repeat(32));
    let position = Position {
        step,
        loss_sum: 0.0,
        correct: 0,
        images: 0,
        best: None,
        forwards: step,
        rewind: points.iter().map(rewind).collect(),
    };
    let state = || State::from([("w".to_owned(), tch::Tensor::from_slice(&[1.0_f32]))]);
    let saved = Saved {
        position,
        model: state(),
        optimizer: state(),
        best: None,
        masks: None,
        best_masks: None,
        metrics: Metrics::default(),
    };
    save(folder, &saved).unwrap();
}

/// 1280 images in batches of 128: 10 steps an epoch.
#[test]
fn a_state_past_a_new_rewind_point_is_a_conflict_and_stays() {
    let (folder, run) = run_dir();
    let past = Fake::acting(|_, inputs, _, _| {
        write_state(&inputs.checkpoint, 29, &["1ep"]);
        Ok(Outcome::Stopped)
    });
    go(&run, &rewinding(&["1ep"]), &past).unwrap();
    let path = folder.path().display();
    let expected = format!(
        "1 job of {path} was begun with other settings; nothing was run
  draw.rewind  no weights of 2ep kept up to step 29 → 2ep  (1 job: draw imp seed 1 level 00)
To keep both, give the new settings another `name` or --out.
To go on with what was begun, change the settings back; to start over, remove its state: {path}/draw/imp/seed-1/.level-00.checkpoint."
    );
    let more = rewinding(&["1ep", "2ep"]);
    for _ in 0..2 {
        let fake = Fake::default();
        assert_eq!(go(&run, &more, &fake).unwrap_err().to_string(), expected);
        assert!(fake.take().is_empty());
        let overview = plan(Some(&run), &more, &facts()).unwrap();
        assert_eq!(overview.conflicts().unwrap().to_string(), expected);
    }
    // It is not past this one yet; and with an older state beside it that is past neither, the
    // training goes on from that.
    for (points, older) in [(["1ep", "3ep"], None), (["1ep", "2ep"], Some(19))] {
        if let Some(step) = older {
            let state = run.path().join("draw/imp/seed-1/.level-00.checkpoint");
            write_state(&state, step, &["1ep"]);
        }
        let (fake, seen) = saving(|_| Ok(Outcome::Stopped));
        go(&run, &rewinding(&points), &fake).unwrap();
        assert_eq!(seen.lock().unwrap().len(), 1);
        std::fs::remove_file(state(&run)).unwrap();
    }
}
