//! Plan and status.

use super::*;
use crate::config::Levels;

#[test]
fn a_plan_needs_no_run_directory() {
    let overview = plan(None, &config(), &facts()).unwrap();
    assert_eq!(
        overview.render(80),
        "9 jobs: 3 to be linked, 6 to do
  level                        0
  draw imp seed 1              ...
  spend vanilla on imp seed 1  ---
  spend all on imp seed 1      ...
  - to be linked  . to do"
    );
    assert_eq!((overview.seconds_left, overview.bytes_left), (None, None));
}

#[test]
fn a_plan_estimates_from_what_was_done() {
    let (folder, run) = run_dir();
    let draws = Selection { draw: true, ..Selection::default() };
    go_with(&run, &config(), &facts(), &draws, &Fake::default(), &Silent, &Stop::new()).unwrap();
    let lines: String = [20.0, 30.0, 40.0]
        .iter()
        .enumerate()
        .map(|(level, seconds)| {
            format!(
                "{{\"job\":\"draw/imp/seed-1/level-0{level}\",\"seconds\":{seconds},\"epochs\":10,\
                 \"host\":\"h\",\"device\":\"cpu\",\"finished\":0}}\n"
            )
        })
        .collect();
    std::fs::write(folder.path().join("timing.jsonl"), lines).unwrap();
    let mut config = config();
    config.spends[1].train.epochs = 20;
    let overview = plan(Some(&run), &config, &facts()).unwrap();
    assert_eq!(overview.count(|state| *state == JobState::Done), 3);
    assert_eq!(overview.count(|state| matches!(state, JobState::WillLink(_))), 3);
    assert_eq!(overview.count(|state| *state == JobState::ToDo), 3);
    assert_eq!(overview.seconds_left, Some(180.0), "three trainings of 20 epochs at 3 s");
    let size = |record: &JobRecord| {
        let files = std::fs::read_dir(run.folder(&record.key)).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let mut sizes: Vec<u64> = run.records().unwrap().iter().map(size).collect();
    sizes.sort_unstable();
    assert_eq!(overview.bytes, sizes.iter().sum::<u64>());
    assert_eq!(overview.bytes_left, Some(3 * sizes[1]));
}

#[test]
fn a_plan_shows_conflicts_and_a_status_cannot() {
    let (_folder, run) = run_dir();
    let mut config = config();
    go(&run, &config, &Fake::default()).unwrap();
    let text = status(&run, &config).unwrap().render(80);
    assert!(text.contains("9 jobs: 6 done, 3 linked\n"), "{text}");
    assert!(text.contains("nothing is left to do"), "{text}");

    config.draws[0].levels = Levels::Fraction { count: 2, fraction: 0.5 };
    let overview = plan(Some(&run), &config, &facts()).unwrap();
    assert_eq!(overview.conflicts().unwrap().jobs.len(), 6, "level 0 is dense either way");
    let text = overview.render(80);
    assert!(text.contains("draw imp seed 1              #!!"), "{text}");
    assert!(text.contains("draw.fraction  0.2 → 0.5  (6 jobs: "), "{text}");
    assert!(status(&run, &config).unwrap().conflicts().is_none());
}

#[test]
fn a_failure_is_named() {
    let (_folder, run) = run_dir();
    let fake = Fake::acting(|_, _, _, _| Err(ExecuteError::Failed("out of memory\nat …".into())));
    go(&run, &config(), &fake).unwrap();
    let text = status(&run, &config()).unwrap().render(80);
    assert!(text.contains("1 failed"), "{text}");
    assert!(text.contains("failed:\n  draw imp seed 1 level 00: out of memory"), "{text}");
    assert!(!text.contains("at …"), "only the first line: {text}");
}

#[test]
fn a_run_directory_is_found_or_not() {
    let (folder, run) = run_dir();
    assert_eq!(RunDir::find(folder.path()).unwrap(), None, "no config yet");
    go(&run, &config(), &Fake::default()).unwrap();
    assert_eq!(RunDir::find(folder.path()).unwrap(), Some(run));
    assert_eq!(RunDir::find(&folder.path().join("nowhere")).unwrap(), None);
}
