//! `--jobs`: several processes of one start. They do what one would, to the same bytes, and end with
//! it however it ends.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use jackpot_tests::config::Config;
use jackpot_tests::process::{children_of, send, wait_for_the_end_of};
use jackpot_tests::shared::shared;
use jackpot_tests::{Running, Sandbox, data, files, results};
use serde_json::Value;

/// Milliseconds of a step: a process is there before another one has done all.
const STEP: u32 = 250;

const TWO: [&str; 4] = ["run", "tiny.toml", "--jobs", "2"];

/// Two seeds, so that two trainings can run at once; each step takes so long.
fn slow(milliseconds: u32) -> Config {
    let slow = format!("{{ plugin = \"slow\", params = {{ milliseconds = {milliseconds} }} }}");
    Config::default()
        .top("seeds = [1, 2]")
        .train(&format!("augmentation = {slow}"))
        .draw("levels = 1")
        .spend("swish", "activation = \"swish\"")
}

fn sandbox(config: &Config) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(config);
    sandbox
}

fn of_run(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut found = files::reproducible(&sandbox.at("runs/tiny"));
    // It has the data's absolute path.
    found.remove("config.toml");
    found
}

/// What one process makes of the slow config.
fn alone() -> BTreeMap<String, Vec<u8>> {
    let folder = shared("concurrency-alone", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&slow(STEP));
        sandbox.with_fixtures(&["run", "tiny.toml"]).run().expect(0);
    });
    let mut found = files::reproducible(&folder.join("runs/tiny"));
    found.remove("config.toml");
    found
}

/// Whether that process is in the middle of a training: its files lie beside their place.
fn is_at_work(sandbox: &Sandbox, pid: u32) -> bool {
    let own = format!(".tmp-{pid}-");
    let series = ["draw/imp", "spend/swish/imp"].into_iter();
    let mut series = series.flat_map(|series| [1, 2].map(|seed| format!("{series}/seed-{seed}")));
    series.any(|series| {
        let entries = fs::read_dir(sandbox.at("runs/tiny").join(series));
        let mut names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().contains(&own))
    })
}

/// The states of trainings that were stopped within.
fn states(sandbox: &Sandbox) -> usize {
    let found = files::contents(&sandbox.at("runs/tiny"));
    found.keys().filter(|path| path.contains("checkpoint/step-")).count()
}

/// Two processes in the middle of a training each, and the number of the second one.
fn both_at_work(config: &Config) -> (Sandbox, Running, u32) {
    let sandbox = sandbox(config);
    let mut running = sandbox.with_fixtures(&TWO).start();
    let main = running.pid();
    let workers = || children_of(main).into_iter().filter(|pid| is_at_work(&sandbox, *pid));
    running.wait_until("both train", || is_at_work(&sandbox, main) && workers().count() == 1);
    let worker = workers().next().unwrap();
    thread::sleep(Duration::from_millis(300));
    (sandbox, running, worker)
}

fn go_on(sandbox: &Sandbox) {
    sandbox.with_fixtures(&TWO).run().expect(0);
    files::assert_same(&of_run(sandbox), &alone());
}

#[test]
fn two_at_once_give_the_bytes_of_one_after_another() {
    let sandbox = sandbox(&slow(STEP));
    let ran = sandbox.with_fixtures(&TWO).arg("--json").run().expect(0);
    let ran = ran.says(&["2 processes of 1 thread", "draw imp seed 2 level 01"]);
    files::assert_same(&of_run(&sandbox), &alone());
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut under_way, mut most) = (0_i32, 0);
    for line in &lines {
        match line["event"].as_str().unwrap() {
            "started" => under_way += 1,
            "done" => under_way -= 1,
            "elsewhere" | "failed" | "stopped" | "warning" => panic!("{line}\n{ran}"),
            _ => {}
        }
        most = most.max(under_way);
    }
    assert_eq!((under_way, most), (0, 2), "{ran}");
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!((of("done"), of("linked"), of("run"), of("end")), (8, 0, 1, 1), "{ran}");
    // One start is noted, with the threads of each of its processes.
    let manifest = fs::read(sandbox.at("runs/tiny/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["starts"].as_array().unwrap().len(), 1);
    assert_eq!(manifest["threads"], 1);
    assert!(!sandbox.at("runs/tiny/locks").exists());
    // Where nothing is left to do, nobody is started.
    sandbox.with_fixtures(&TWO).run().expect(0).says(&["8 jobs, all done"]);
}

#[test]
fn a_signal_stops_both_and_both_go_on() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let (sandbox, running, worker) = both_at_work(&slow(STEP));
        running.signal(signal);
        let ran = running.wait().expect(3).says(&["stopping after this step", " left; the same"]);
        wait_for_the_end_of(&[worker]);
        assert!(states(&sandbox) > 0 && !sandbox.at("runs/tiny/locks").exists(), "{ran}");
        go_on(&sandbox);
    }
}

#[test]
fn nobody_ends_before_the_other_has_saved() {
    // The first recipe's init takes very long, with nothing to be saved; meanwhile the second is
    // trained.
    let init = "init = { plugin = \"lrsi\", params = { iterations = 1000000, batch_size = 16 } }";
    let slow = "augmentation = { plugin = \"slow\", params = { milliseconds = 300 } }";
    let config = Config::default().draw("levels = 0").spend("long", init).spend("slow", slow);
    let sandbox = sandbox(&config);
    let mut running = sandbox.with_fixtures(&TWO).start();
    let of = |recipe: &str| sandbox.at(&format!("runs/tiny/spend/{recipe}/imp/seed-1"));
    running.wait_until("both are begun", || of("long").exists() && of("slow").exists());
    thread::sleep(Duration::from_millis(900));
    running.signal(libc::SIGTERM);
    let begun = Instant::now();
    let ran = running.wait().expect(3);
    assert!(begun.elapsed() < Duration::from_secs(5), "{ran}");
    let states = fs::read_dir(of("slow").join(".level-00.checkpoint")).unwrap().count();
    assert!(states > 1, "{ran}");
}

#[test]
fn no_process_outlives_the_first() {
    let (sandbox, running, worker) = both_at_work(&slow(STEP));
    running.signal(libc::SIGKILL);
    assert_eq!(running.wait().code, 128 + libc::SIGKILL);
    wait_for_the_end_of(&[worker]);
    go_on(&sandbox);
}

#[test]
fn a_second_signal_ends_both_at_once() {
    // A step takes four seconds, for which the first signal alone would have to wait.
    let (_sandbox, running, worker) = both_at_work(&slow(4000));
    running.signal(libc::SIGINT);
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    running.signal(libc::SIGINT);
    running.wait().expect(130);
    wait_for_the_end_of(&[worker]);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn what_a_killed_worker_had_in_hand_is_done_by_the_other() {
    let (sandbox, running, worker) = both_at_work(&slow(STEP));
    send(worker, libc::SIGKILL);
    let ran = running.wait().expect(0);
    ran.says(&[&format!("the worker process {worker} ended early (signal: 9")]);
    files::assert_same(&of_run(&sandbox), &alone());
}

#[test]
fn a_deadline_holds_for_both() {
    let sandbox = sandbox(&slow(400));
    let mut stops = 0;
    loop {
        let begun = Instant::now();
        let ran = sandbox.with_fixtures(&TWO).args(["--stop-after", "6s"]).run();
        assert!(begun.elapsed() < Duration::from_secs(11), "{ran}");
        if ran.code == 0 {
            break;
        }
        ran.expect(3);
        stops += 1;
        assert!(stops < 30, "it does not get on");
    }
    assert!(stops > 0);
}

#[test]
fn a_job_that_fails_anywhere_fails_once_and_the_exit_code_says_so() {
    let config = Config::default()
        .top("seeds = [1, 2]")
        .draw("levels = 1")
        .spend("wild", "levels = [1]\noptimizer = { lr = 1e30 }")
        .spend("tame", "levels = [1]\noptimizer = { lr = 0.01 }");
    let sandbox = sandbox(&config);
    let ran = sandbox.jackpot(&TWO).run().expect(1).says(&["2 jobs failed"]);
    assert_eq!(ran.stderr.matches("/8] spend wild on imp seed 1 level 01").count(), 1, "{ran}");
    for seed in [1, 2] {
        let path = format!("runs/tiny/spend/wild/imp/seed-{seed}/level-01.failed.json");
        let failed: Value = serde_json::from_slice(&fs::read(sandbox.at(&path)).unwrap()).unwrap();
        assert_eq!(failed["attempts"], 1, "{ran}");
    }
    let rows = results(&sandbox.at("runs/tiny"));
    let tame = rows.iter().filter(|row| row.get("recipe") == "tame");
    assert_eq!(tame.filter(|row| row.get("status") == "done").count(), 2);
    // The next start tries them again.
    sandbox.jackpot(&TWO).run().expect(1).says(&["2 jobs failed"]);
}

#[test]
fn auto_measures_once_and_a_run_that_is_gone_on_with_keeps_the_choice() {
    let config = Config::default().draw("levels = 1");
    let one = |seeds: &str| Config { top: format!("{seeds}\ndevice = \"cpu\""), ..config.clone() };
    let auto = ["run", "tiny.toml", "--jobs", "auto"];
    let sandbox = sandbox(&one("seed = 1"));
    let ran = sandbox.jackpot(&auto).run().expect(0);
    ran.says(&["--jobs auto: one process, since no two of these trainings can run at once"]);
    let place = sandbox.at("runs/tiny/concurrency.json");
    assert!(!place.exists());

    sandbox.config(&one("seeds = [1, 2]"));
    let ran = sandbox.jackpot(&auto).run().expect(0).says(&["images/s with 1 process of "]);
    let kept = fs::read_to_string(&place).unwrap();
    let choices: Value = serde_json::from_str(&kept).unwrap();
    let choice = &choices[0];
    let cores = thread::available_parallelism().unwrap().get();
    assert_eq!(choice["measured"].as_array().unwrap().len(), cores.min(2), "{ran}");
    assert_eq!(choice["measured"][0]["threads"], cores);
    assert!(choice["measured"][0]["images_per_second"].as_f64().unwrap() > 0.0);

    // As if two had been the fastest: that is what the run goes on with, wherever it was measured.
    let mut other = choices.clone();
    (other[0]["processes"], other[0]["threads"]) = (2.into(), 1.into());
    fs::write(&place, other.to_string()).unwrap();
    sandbox.config(&one("seeds = [1, 2, 3]"));
    let ran = sandbox.jackpot(&auto).run().expect(0);
    ran.says(&["--jobs auto: 2 processes of 1 thread, as measured ", "cpu, f32, 2 processes of 1"]);
    assert_eq!(fs::read_to_string(&place).unwrap(), other.to_string());
    let status = sandbox.jackpot(&["status", "runs/tiny"]).run().expect(0);
    assert!(status.stdout.contains("--jobs auto: 2 processes of 1 thread"), "{status}");

    fs::write(&place, "[").unwrap();
    sandbox.jackpot(&auto).run().expect(1).says(&["concurrency.json is damaged"]);
}

#[test]
fn a_worker_is_not_started_by_hand() {
    let sandbox = sandbox(&slow(1));
    let ran = sandbox.jackpot(&["run", "tiny.toml", "--worker"]).run().expect(2);
    ran.says(&["`--worker` is for the processes that `--jobs` starts"]);
}
