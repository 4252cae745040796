//! Signals and deadlines: saved in time, or nothing to save; gone on with, the same bytes.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data, files};

/// What a busy machine needs to load the program and libtorch, before any time is counted.
const LOADING: Duration = Duration::from_secs(5);

fn slow(milliseconds: u32) -> Config {
    let slow = format!("{{ plugin = \"slow\", params = {{ milliseconds = {milliseconds} }} }}");
    Config::default().train(&format!("augmentation = {slow}")).draw("levels = 1")
}

fn sandbox(config: &Config) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(config);
    sandbox
}

fn of_run(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files::reproducible(run);
    found.remove("config.toml");
    found
}

#[test]
fn a_signal_while_the_recipes_are_tried_waits_for_nothing() {
    // The trial of the recipe takes eight seconds.
    let sandbox = sandbox(&slow(8000));
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let mut running = sandbox.with_fixtures(&["run", "tiny.toml"]).start();
        running.wait_until_it_listens();
        let begun = Instant::now();
        running.signal(signal);
        let ran = running.wait().expect(3).says(&["nothing was to be saved"]);
        assert!(begun.elapsed() < Duration::from_secs(5), "{ran}");
    }
    assert!(!sandbox.at("runs").exists());
}

#[test]
fn a_signal_in_a_long_init_waits_for_nothing_and_loses_nothing() {
    let init = "init = { plugin = \"lrsi\", params = { iterations = 1000000, batch_size = 16 } }";
    let config = Config::default().draw("levels = 0").spend("long", init);
    let sandbox = sandbox(&config);
    let mut running = sandbox.jackpot(&["run", "tiny.toml"]).start();
    let series = sandbox.at("runs/tiny/spend/long/imp/seed-1");
    running.wait_until("the recipe is begun", || series.exists());
    thread::sleep(Duration::from_millis(500));
    running.signal(libc::SIGTERM);
    let begun = Instant::now();
    let ran = running.wait().expect(3).says(&["nothing was to be saved"]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{ran}");
    assert!(sandbox.at("runs/tiny/draw/imp/seed-1/level-00/job.json").exists());
    // With a short one the job is done, and nothing of the first attempt is left.
    sandbox.config(&Config::default().draw("levels = 0").spend("long", "init = \"xavier\""));
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    assert_eq!(fs::read_dir(&series).unwrap().count(), 1);
    assert!(!sandbox.at("runs/tiny/locks").exists());
}

#[test]
fn a_deadline_is_kept_and_the_run_goes_on_to_the_same_bytes() {
    // Twelve steps of half a second.
    let config = slow(500);
    let sandbox = sandbox(&config);
    let (mut stops, limit) = (0, Duration::from_secs(5));
    let ran = loop {
        let begun = Instant::now();
        let ran = sandbox.with_fixtures(&["run", "tiny.toml", "--stop-after", "5s"]).run();
        assert!(begun.elapsed() < limit + LOADING, "{ran}");
        if ran.code == 0 {
            break ran;
        }
        let ran = ran.expect(3).says(&["the same command goes on from here"]);
        stops += 1;
        assert!(stops < 30, "it does not get on\n{ran}");
    };
    assert!(stops > 0, "{ran}");
    let alone = self::sandbox(&config);
    alone.with_fixtures(&["run", "tiny.toml"]).run().expect(0);
    files::assert_same(&of_run(&sandbox.at("runs/tiny")), &of_run(&alone.at("runs/tiny")));
}

#[test]
fn a_deadline_ends_what_cannot_be_interrupted() {
    // The trial takes 2.5 seconds, and so does the first step, if it comes to that.
    let sandbox = sandbox(&slow(2500));
    for verb in ["run", "draw"] {
        let begun = Instant::now();
        let ran = sandbox.with_fixtures(&[verb, "tiny.toml", "--stop-after", "4s"]).run();
        let ran = ran.expect(3).says(&["the time is up"]);
        assert!(begun.elapsed() < Duration::from_secs(4) + LOADING, "{ran}");
    }
}

#[test]
fn times_are_checked_before_anything_is_read() {
    let sandbox = Sandbox::new();
    for (option, value) in [("--stop-after", "soon"), ("--checkpoint", "0it")] {
        let ran = sandbox.jackpot(&["run", "none.toml", option, value]).run().expect(2);
        ran.says(&[option, "write"]);
    }
}
