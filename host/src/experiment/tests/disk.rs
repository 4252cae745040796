//! Disks that are full, folders that are in the way, leftovers of killed processes.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::*;

/// No half-written thing anywhere: every `job.json` reads, and nothing temporary is left.
fn assert_clean(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!name.contains(".tmp-"), "{} is left", path.display());
        if name == "job.json" {
            serde_json::from_slice::<JobRecord>(&fs::read(&path).unwrap()).unwrap();
        } else if path.is_dir() {
            assert_clean(&path);
        }
    }
}

#[test]
fn a_full_disk_in_a_training_ends_the_run_with_the_path() {
    let (folder, run) = run_dir();
    let fake = Fake::acting(|job, _, into, _| match job.key.level() {
        1 => {
            let full = io::Error::from(io::ErrorKind::StorageFull);
            Err(FileError::new("write", &into.join("model.safetensors"), full).into())
        }
        _ => Ok(Outcome::Done(results())),
    });
    let error = go(&run, &config(), &fake).unwrap_err().to_string();
    assert!(error.starts_with("cannot write ") && error.contains("free some space"), "{error}");
    assert!(error.contains("draw/imp/seed-1/.level-01.tmp-"), "{error}");
    assert_clean(folder.path());
    assert_eq!(run.records().unwrap().len(), 1);
    assert_eq!(run.failure(&key("draw/imp/seed-1/level-01")).unwrap(), None, "it is not its fault");
    let summary = go(&run, &config(), &Fake::default()).unwrap();
    assert_eq!((summary.done, summary.skipped), (5, 1));
}

#[test]
fn another_file_error_fails_only_its_job() {
    let (_folder, run) = run_dir();
    let fake = Fake::acting(|job, _, into, _| match job.key.level() {
        2 => {
            let odd = io::Error::from(io::ErrorKind::InvalidData);
            Err(FileError::new("read", into, odd).into())
        }
        _ => Ok(Outcome::Done(results())),
    });
    let summary = go(&run, &config(), &fake).unwrap();
    assert_eq!((summary.failed.len(), summary.blocked.len()), (1, 2));
}

#[test]
fn a_file_in_the_way_is_named() {
    let (folder, run) = run_dir();
    fs::write(folder.path().join("spend"), "in the way").unwrap();
    let error = go(&run, &config(), &Fake::default()).unwrap_err().to_string();
    assert!(error.contains("spend/") && error.contains("in the way"), "{error}");
    assert_clean(folder.path());
}

#[test]
fn leftovers_of_killed_processes_are_ignored_and_cleaned() {
    let (folder, run) = run_dir();
    let series = folder.path().join("draw/imp/seed-1");
    for name in [".level-00.tmp-999999-0", ".level-01.tmp-1-3"] {
        fs::create_dir_all(series.join(name)).unwrap();
        fs::write(series.join(name).join("job.json"), "{\"torn").unwrap();
    }
    fs::create_dir_all(series.join("level-02")).unwrap();
    fs::write(series.join("level-02/model.safetensors"), "without a record").unwrap();
    let overview = plan(Some(&run), &config(), &facts()).unwrap();
    assert_eq!(overview.count(|state| matches!(state, JobState::ToDo)), 6);
    let summary = go(&run, &config(), &Fake::default()).unwrap();
    assert_eq!(summary.done, 6);
    assert_clean(folder.path());
    let model = fs::read_to_string(series.join("level-02/model.safetensors")).unwrap();
    assert_eq!(model, "draw/imp/seed-1/level-02");
}

#[test]
fn a_timing_that_cannot_be_written_is_a_warning() {
    let (folder, run) = run_dir();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("timing.jsonl")).unwrap();
    let log = Log::default();
    let summary =
        go_with(&run, &config(), &facts(), &Selection::all(), &Fake::default(), &log, &Stop::new());
    assert_eq!(summary.unwrap().done, 6);
    let log = log.0.into_inner().unwrap();
    let warnings: Vec<&String> = log.iter().filter(|line| line.contains("\"warning\"")).collect();
    assert_eq!(warnings.len(), 6);
    assert!(warnings[0].contains("timing.jsonl: No space left"), "{warnings:?}");
}

#[test]
fn a_foreign_folder_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "").unwrap();
    let error = RunDir::create(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is no run directory: it has `thesis.tex`"), "{error}");
    let error = RunDir::open(&folder.path().join("nowhere")).unwrap_err().to_string();
    assert!(error.contains("there is no such folder"), "{error}");
    let error = RunDir::create(&folder.path().join("thesis.tex/x")).unwrap_err().to_string();
    assert!(error.contains("thesis.tex/x"), "{error}");
}

/// Run by [`a_limit_on_file_sizes_leaves_no_torn_record`] in a process of its own.
#[test]
#[ignore = "the limited half of another test"]
fn limited_process() {
    let Ok(folder) = std::env::var("JACKPOT_TEST_RUN") else { return };
    let run = RunDir::create(Path::new(&folder)).unwrap();
    let error = go(&run, &config(), &Fake::default()).unwrap_err().to_string();
    assert!(error.contains("cannot write") && error.contains("File too large"), "{error}");
}

#[test]
fn a_limit_on_file_sizes_leaves_no_torn_record() {
    let (folder, run) = run_dir();
    // 1 KiB: the config fits, a record does not.
    let status = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "-"])
        .arg(std::env::current_exe().unwrap())
        .args(["limited_process", "--ignored", "--nocapture"])
        .env("JACKPOT_TEST_RUN", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success() && text.contains("1 passed"), "{status:?}");
    assert_clean(folder.path());
    assert!(run.records().unwrap().is_empty());
    assert_eq!(go(&run, &config(), &Fake::default()).unwrap().done, 6);
}
