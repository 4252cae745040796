//! A run is made again from its own config, and the report says whether the bits agree.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::PathBuf;

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::{Sandbox, data};

/// A dense draw of one level, spent in two ways: 6 jobs. The config names its data by a relative
/// path, and leaves the number of threads open.
fn whole() -> PathBuf {
    shared("reproduction", |sandbox| {
        data::tensors(sandbox);
        let mut config = Config::default()
            .draw("levels = 1\nrewind = \"2it\"")
            .spend("vanilla", "")
            .spend("mish", "activation = \"mish\"\nskip = \"ghost-skip\"");
        config.top = "seed = 1\ndevice = \"cpu\"".to_owned();
        sandbox.config(&config);
        run(sandbox, "tiny.toml", "one", "1");
        run(sandbox, "runs/one/config.toml", "again", "1");
        run(sandbox, "runs/one/config.toml", "two", "2");
        run(sandbox, "runs/one/config.toml", "two-again", "2");
    })
}

fn run(sandbox: &Sandbox, config: &str, name: &str, threads: &str) {
    let out = format!("runs/{name}");
    let threads = format!("threads={threads}");
    sandbox.jackpot(&["run", config, "--out", &out, "--set", &threads]).run().expect(0);
}

fn report(runs: [&str; 2]) -> String {
    let sandbox = Sandbox::new();
    let paths = runs.map(|name| whole().join("runs").join(name));
    let ran = sandbox.jackpot(&["report", "-o", "out"]).args(&paths).run().expect(0);
    let place = ran.stdout.find("Reproduction: ").unwrap_or_else(|| panic!("{ran}"));
    ran.stdout[place..].to_owned()
}

#[test]
fn a_run_made_again_from_its_own_config_has_the_same_bits() {
    let said = report(["one", "again"]);
    assert!(said.ends_with("\n  bits agree in all 6 jobs\n"), "{said}");
    let manifest = fs::read_to_string(whole().join("runs/again/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let start = &manifest["starts"][0];
    for key in ["date", "host", "cpu", "device", "precision"] {
        assert!(!start[key].as_str().unwrap().is_empty(), "{key}\n{manifest:#}");
    }
    for name in ["jackpot", "torch", "rustc", "plugin-api"] {
        let version = start["versions"][name].as_str().unwrap();
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{name}: {version}");
    }
    assert_eq!(start["threads"], 1);
    assert!(manifest["plugins"].as_array().unwrap().iter().all(|it| it["sha256"].is_string()));
    assert_eq!(manifest["config_sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn another_number_of_threads_is_named_and_each_reproduces_itself() {
    let said = report(["one", "two"]);
    assert!(said.contains("not made alike: threads 1 and 2"), "{said}");
    let said = report(["two", "two-again"]);
    assert!(said.ends_with("\n  bits agree in all 6 jobs\n"), "{said}");
}

#[test]
fn a_changed_bit_is_named_with_job_file_and_tensor() {
    let sandbox = Sandbox::new();
    jackpot_tests::files::copy(&whole().join("runs"), &sandbox.at("runs"));
    let place = sandbox.at("runs/again/spend/mish/imp/seed-1/level-01/model.safetensors");
    let mut bytes = fs::read(&place).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::remove_file(&place).unwrap();
    fs::write(&place, bytes).unwrap();
    let ran = sandbox.jackpot(&["report", "runs/one", "runs/again", "-o", "out"]).run().expect(0);
    let expected = "bits differ in 1 of 6 jobs\n    \
                    spend mish on imp seed 1 level 01: first in model.safetensors, `";
    assert!(ran.stdout.contains(expected), "{ran}");
}

#[test]
fn runs_of_different_experiments_are_told_to_be_so() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&Config::default().train("optimizer = { lr = 0.2 }"));
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let other = whole().join("runs/one");
    let ran = sandbox.jackpot(&["report", "-o", "out", "runs/tiny"]).arg(other).run().expect(0);
    let line = ran.stdout.lines().find(|line| line.starts_with("Reproduction: ")).unwrap();
    assert!(line.contains(" are of different experiments ("), "{line}");
    assert!(line.contains("train.optimizer.lr 0.2 and 0.1"), "{line}");
}
