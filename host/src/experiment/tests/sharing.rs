//! Several processes on one run.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::*;

fn slow() -> Fake {
    Fake::acting(|_, _, _, _| {
        thread::sleep(Duration::from_millis(15));
        Ok(Outcome::Done(results()))
    })
}

#[test]
fn two_share_the_work_and_nothing_is_done_twice() {
    let (_folder, run) = run_dir();
    let mut config = config();
    config.seeds = vec![1, 2, 3, 4];
    let fakes = [slow(), slow(), slow()];
    let summaries: Vec<Summary> = thread::scope(|scope| {
        let threads: Vec<_> =
            fakes.iter().map(|fake| scope.spawn(|| go(&run, &config, fake).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let each: Vec<Vec<String>> = fakes.iter().map(Fake::take).collect();
    let mut all = each.concat();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!((count, all.len()), (24, 24));
    assert!(each.iter().all(|jobs| !jobs.is_empty()), "all took part");
    for summary in &summaries {
        assert_eq!(summary.done + summary.linked + summary.skipped, 36, "{summary:?}");
    }
    assert_eq!(summaries.iter().map(|summary| summary.done).sum::<usize>(), 24);
    assert_eq!(summaries.iter().map(|summary| summary.linked).sum::<usize>(), 12);
    assert_eq!(run.records().unwrap().len(), 36);
    assert!(!run.path().join("locks").exists());
}

#[test]
fn a_spender_waits_for_the_one_who_draws() {
    let (_folder, run) = run_dir();
    let (drawer, spender) = (slow(), Fake::default());
    let select = |draw| Selection { draw, spend: !draw, ..Selection::default() };
    let go = |draw, fake, observer: &dyn Observer| {
        go_with(&run, &config(), &facts(), &select(draw), fake, observer, &Stop::new()).unwrap()
    };
    let log = Log::default();
    let summary = thread::scope(|scope| {
        scope.spawn(|| go(true, &drawer, &Silent));
        while !run.path().join("draw/imp/seed-1/level-00").exists() {
            thread::sleep(Duration::from_millis(1));
        }
        go(false, &spender, &log)
    });
    assert_eq!((summary.done, summary.linked), (3, 3), "{summary:?}");
}

#[test]
fn who_failed_elsewhere_is_not_tried_at_once_again() {
    let (_folder, run) = run_dir();
    let failing = || {
        Fake::acting(|_, _, _, _| {
            thread::sleep(Duration::from_millis(100));
            Err(ExecuteError::Failed("no".into()))
        })
    };
    let fakes = [failing(), failing()];
    let summaries: Vec<Summary> = thread::scope(|scope| {
        let threads: Vec<_> =
            fakes.iter().map(|fake| scope.spawn(|| go(&run, &config(), fake).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(fakes.iter().map(|fake| fake.take().len()).sum::<usize>(), 1);
    for summary in summaries {
        assert_eq!((summary.failed.len(), summary.blocked.len()), (1, 8));
    }
}

#[test]
fn shares_need_nothing_of_each_other() {
    let (_folder, run) = run_dir();
    let mut config = config();
    config.seeds = vec![1, 2, 3];
    let fake = Fake::default();
    for (index, seeds) in [(2, vec![2]), (1, vec![1, 3])] {
        let shard = Some(Shard { index, count: 2 });
        let selection = Selection { shard, ..Selection::all() };
        let summary =
            go_with(&run, &config, &facts(), &selection, &fake, &Silent, &Stop::new()).unwrap();
        assert_eq!(summary.blocked, []);
        let mut done: Vec<u64> = fake.take().iter().map(|path| key(path).seed()).collect();
        done.dedup();
        assert_eq!(done, seeds);
    }
    assert_eq!(run.records().unwrap().len(), 27);
}

/// Run by [`a_killed_process_gives_back_its_job`] in a process of its own.
#[test]
#[ignore = "the killed half of another test"]
fn holding_process() {
    let Ok(folder) = std::env::var("JACKPOT_TEST_RUN") else { return };
    let run = RunDir::create(std::path::Path::new(&folder)).unwrap();
    let fake = Fake::acting(|_, _, _, _| {
        println!("in work");
        thread::sleep(Duration::from_secs(600));
        Ok(Outcome::Done(results()))
    });
    go(&run, &config(), &fake).unwrap();
}

#[test]
fn a_killed_process_gives_back_its_job() {
    let (folder, run) = run_dir();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["holding_process", "--ignored", "--nocapture"])
        .env("JACKPOT_TEST_RUN", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("in work")));
    let view = status(&run, &config()).unwrap().jobs.remove(0);
    let JobState::Running(holder) = view.state else { panic!("{view:?}") };
    assert_eq!(holder.pid, process.id());

    let (fake, log) = (Fake::default(), Log::default());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            go_with(&run, &config(), &facts(), &Selection::all(), &fake, &log, &Stop::new())
        });
        while !log.0.lock().unwrap().iter().any(|line| line.contains("waiting")) {
            assert!(!waiting.is_finished(), "it has to wait");
            thread::sleep(Duration::from_millis(1));
        }
        // SIGKILL: no handler, no destructor runs.
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(waiting.join().unwrap().unwrap().done, 6);
    });
    assert!(log.0.lock().unwrap().iter().any(|line| line.contains(&holder.pid.to_string())));
    let leftovers: Vec<_> = std::fs::read_dir(folder.path().join("draw/imp/seed-1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(leftovers, Vec::<String>::new());
}
