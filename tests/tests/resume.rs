//! Interrupted runs end with the bytes of one that was not.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::{Running, Sandbox, data, files};

/// Six steps a training, 0.1 s each.
fn config(milliseconds: u32) -> Config {
    let slow = format!("{{ plugin = \"slow\", params = {{ milliseconds = {milliseconds} }} }}");
    Config::default()
        .train(&format!("augmentation = [\"crop-flip\", {slow}, \"mixture\"]"))
        .train("loss = \"tempered\"\nactivation = \"learned-slope\"")
        .draw("levels = 1\nrewind = \"2it\"")
        .spend("echo", "skip = \"echo\"\noptimizer = { name = \"adamw\", weight_decay = 0.1 }")
}

/// The files of a run that nobody disturbed, apart from `config.toml`.
fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let folder = shared("undisturbed", |sandbox| {
        data::tensors(sandbox);
        sandbox.run(&config(100)).expect(0);
    });
    of_run(folder.join("runs/tiny"))
}

fn of_run(run: PathBuf) -> BTreeMap<String, Vec<u8>> {
    let mut found = files::reproducible(&run);
    // It has the data's absolute path.
    found.remove("config.toml");
    found
}

fn start(sandbox: &Sandbox) -> Running {
    sandbox.with_fixtures(&["run", "tiny.toml", "--log-format", "json"]).start()
}

/// A sandbox in which a run has begun its first training but not finished it.
fn begun() -> (Sandbox, Running) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&config(100));
    let running = sandbox.start(&["--log-format", "json"]);
    (sandbox, running)
}

/// Whether that process is in the middle of a training: its files lie beside their place.
fn at_work(sandbox: &Sandbox, pid: u32) -> bool {
    let own = format!(".tmp-{pid}-");
    ["draw/imp/seed-1", "spend/echo/imp/seed-1"].iter().any(|series| {
        let entries = std::fs::read_dir(sandbox.at("runs/tiny").join(series));
        let mut names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().contains(&own))
    })
}

/// Interrupts each start some steps after it has begun a training, until one ends by itself; gives
/// the number of starts.
fn finish_in_pieces(sandbox: &Sandbox) -> u32 {
    for number in 1..60 {
        let mut running = start(sandbox);
        while !at_work(sandbox, running.pid()) && !running.has_ended() {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(450));
        if !running.has_ended() {
            running.signal(libc::SIGINT);
        }
        let ran = running.wait();
        if ran.code == 0 {
            return number;
        }
        assert_eq!(ran.code, 3, "{ran}");
    }
    panic!("it does not get on");
}

#[test]
fn an_interrupted_run_saves_exits_3_and_goes_on_to_the_same_bytes() {
    let (sandbox, running) = begun();
    thread::sleep(Duration::from_millis(250));
    running.signal(libc::SIGINT);
    let ran = running.wait().expect(3);
    assert!(!sandbox.at("runs/tiny/draw/imp/seed-1/level-00").exists(), "{ran}");
    let checkpoint = sandbox.at("runs/tiny/draw/imp/seed-1/.level-00.checkpoint");
    assert!(std::fs::read_dir(&checkpoint).unwrap().count() > 1, "the state is saved: {ran}");
    let status = sandbox.jackpot(&["status", "runs/tiny"]).run().expect(0);
    assert!(status.stdout.contains("begun"), "{status}");
    let ran = start(&sandbox).wait().expect(0);
    assert!(!checkpoint.exists(), "{ran}");
    files::assert_same(&of_run(sandbox.at("runs/tiny")), &undisturbed());
}

#[test]
fn a_run_in_many_pieces_ends_with_the_same_bytes() {
    let (sandbox, running) = begun();
    running.signal(libc::SIGTERM);
    running.wait().expect(3);
    let starts = finish_in_pieces(&sandbox);
    assert!(starts > 1, "it was interrupted again");
    files::assert_same(&of_run(sandbox.at("runs/tiny")), &undisturbed());
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let (sandbox, running) = begun();
    running.signal(libc::SIGKILL);
    assert_eq!(running.wait().code, 128 + libc::SIGKILL);
    start(&sandbox).wait().expect(0);
    files::assert_same(&of_run(sandbox.at("runs/tiny")), &undisturbed());
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    // One step takes four seconds: the first signal alone would have to wait for its end.
    sandbox.config(&config(4000));
    let running = sandbox.start(&[]);
    thread::sleep(Duration::from_millis(1000));
    running.signal(libc::SIGINT);
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    running.signal(libc::SIGINT);
    running.wait().expect(130);
    assert!(begun.elapsed().as_secs() < 3);
}

#[test]
fn the_same_config_in_another_folder_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.run(&config(100)).expect(0);
    files::assert_same(&of_run(sandbox.at("runs/tiny")), &undisturbed());
}
