use super::*;

fn run() -> (tempfile::TempDir, RunDir, JobKey) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(folder.path()).unwrap();
    (folder, run, "draw/imp/seed-1/level-00".parse().unwrap())
}

fn acquire(run: &RunDir, key: &JobKey) -> Option<Lease> {
    match Lease::try_acquire(run, key).unwrap() {
        Attempt::Acquired(lease) => Some(lease),
        Attempt::Held(_) => None,
    }
}

#[test]
fn one_at_a_time_and_nothing_left() {
    let (_folder, run, key) = run();
    let lease = acquire(&run, &key).unwrap();
    assert!(acquire(&run, &key).is_none());
    assert_eq!(holder(&run, &key).unwrap().pid, std::process::id());
    assert!(acquire(&run, &"draw/imp/seed-2/level-00".parse().unwrap()).is_some());
    drop(lease);
    assert!(holder(&run, &key).is_none());
    assert!(!run.path().join("locks").exists());
    assert!(acquire(&run, &key).is_some());
}

/// Writes a lock file as another process would have.
fn leave(run: &RunDir, key: &JobKey, holder: &Holder, beat: u64) {
    let path = lock_path(run, &key.path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("{}\n{beat:020}", serde_json::to_string(holder).unwrap())).unwrap();
}

fn far() -> Holder {
    let (host, boot, machine) = ("far".into(), "other".into(), "it".into());
    Holder { host, boot, machine, pid: 7, since: now(), number: 1 }
}

fn ask(run: &RunDir, key: &JobKey, patience: Duration) -> Option<Lease> {
    match Lease::try_named(run, &key.path(), patience).unwrap() {
        Attempt::Acquired(lease) => Some(lease),
        Attempt::Held(_) => None,
    }
}

#[test]
fn a_lease_of_another_machine_lives_by_its_heartbeat() {
    let (_folder, run, key) = run();
    let patience = Duration::from_millis(80);
    leave(&run, &key, &far(), 1);
    assert!(ask(&run, &key, patience).is_none());
    assert_eq!(holder(&run, &key).unwrap(), far_like(&run, &key));
    thread::sleep(patience);
    leave(&run, &key, &far(), 2);
    assert!(ask(&run, &key, patience).is_none(), "its heart beats");
    assert!(holder_within(&run, &key, patience).is_some());
    thread::sleep(patience);
    assert!(holder_within(&run, &key, patience).is_none());
    let lease = ask(&run, &key, patience).unwrap();
    assert!(lease.is_ours());
}

fn far_like(run: &RunDir, key: &JobKey) -> Holder {
    content(&File::open(lock_path(run, &key.path())).unwrap()).1.unwrap()
}

#[test]
fn the_time_of_day_decides_nothing() {
    let (_folder, run, key) = run();
    let patience = Duration::from_millis(80);
    // A heartbeat of the future: this machine's clock was set back, or theirs is ahead.
    for shift in [1_000_000, 0] {
        leave(&run, &key, &Holder { since: now() + 1_000_000 - 2 * shift, ..far() }, shift);
        let file = File::options().write(true).open(lock_path(&run, &key.path())).unwrap();
        let ahead = SystemTime::now() + Duration::from_secs(1_000_000);
        let behind = SystemTime::now() - Duration::from_secs(1_000_000);
        file.set_modified(if shift == 0 { ahead } else { behind }).unwrap();
        assert!(ask(&run, &key, patience).is_none(), "it may be alive");
        thread::sleep(patience);
        assert!(ask(&run, &key, patience).is_some(), "it is not");
    }
}

#[test]
fn who_hangs_with_the_lock_in_its_hand_loses_it_and_notices() {
    let (_folder, run, key) = run();
    let patience = Duration::from_millis(80);
    let hanging = acquire(&run, &key).unwrap();
    assert!(ask(&run, &key, patience).is_none());
    thread::sleep(patience);
    let lease = ask(&run, &key, patience).unwrap();
    assert!(lease.is_ours() && !hanging.is_ours());
    // When it wakes up and lets go, that takes nothing from the new holder.
    drop(hanging);
    assert!(lease.is_ours());
    assert!(acquire(&run, &key).is_none());
}

#[test]
fn who_was_overwritten_from_another_machine_notices() {
    let (_folder, run, key) = run();
    let lease = acquire(&run, &key).unwrap();
    leave(&run, &key, &far(), 0);
    assert!(!lease.is_ours());
    drop(lease);
    assert_eq!(holder(&run, &key).unwrap().host, "far", "the file is not ours to remove");
}

#[test]
fn a_dead_process_of_this_machine_holds_nothing() {
    let (_folder, run, key) = run();
    leave(&run, &key, &Holder { pid: 1, ..Holder::own() }, 0);
    assert!(acquire(&run, &key).is_some());
    // A machine that was started anew holds nothing from before.
    let before = Holder { boot: "before".into(), machine: "m".into(), ..Holder::own() };
    assert!(before.is_out_of_sight(), "of another machine with the same name it may be");
    let before = Holder { boot: "before".into(), ..Holder::own() };
    assert_eq!(before.is_out_of_sight(), host::machine_id().is_empty());
}

#[test]
fn a_torn_lock_file_is_nobodys() {
    let (_folder, run, key) = run();
    for torn in ["", "{\"host\":\"far\",\"boo", "\n\n", "\u{0}\u{0}"] {
        let path = lock_path(&run, &key.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, torn).unwrap();
        assert!(acquire(&run, &key).is_some(), "{torn:?}");
    }
}

#[test]
fn a_file_in_the_way_is_an_error() {
    let (_folder, run, key) = run();
    fs::write(run.path().join("locks"), "").unwrap();
    let error = Lease::try_acquire(&run, &key).unwrap_err().to_string();
    assert!(error.starts_with("cannot lock ") && error.contains("locks/draw~imp"), "{error}");
}

#[test]
fn threads_never_hold_the_same_lease() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (_folder, run, key) = run();
    let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    if let Some(lease) = acquire(&run, &key) {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lease);
                    }
                }
            });
        }
    });
    assert!(taken.into_inner() > 0);
}
