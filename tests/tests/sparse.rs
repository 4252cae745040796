//! Tickets trained on sparse kernels through the real program.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::{Sandbox, data, files, results, tensors};
use serde_json::Value;

/// A spend that moves its masks in steps 2, 4 and 6, beside a plain one.
const RIGL: &str = "update = { plugin = \"rigl\", params = { every = \"2it\", stop = \"7it\" } }";

fn tiny(sparse: &str) -> Config {
    Config { train: "epochs = 4\nbatch_size = 20".to_owned(), ..Config::default() }
        .top(&format!("seed = 1\nsparse = \"{sparse}\""))
        .draw("keep = [0.2]")
        .spend("plain", "levels = [1]")
        .spend("mish", "levels = [1]\nactivation = \"mish\"")
        .spend("rigl", &format!("levels = [1]\n{RIGL}"))
}

fn run(name: &str, sparse: &str) -> PathBuf {
    shared(name, |sandbox| {
        data::tensors(sandbox);
        sandbox.run(&tiny(sparse)).expect(0);
    })
    .join("runs/tiny")
}

fn folder(recipe: &str) -> String {
    format!("spend/{recipe}/imp/seed-1/level-01")
}

fn description(run: &Path, job: &str) -> Value {
    let record = fs::read(run.join(job).join("job.json")).unwrap();
    serde_json::from_slice::<Value>(&record).unwrap()["description"].clone()
}

#[test]
fn kernels_compute_the_same_but_for_the_last_bits() {
    let (sparse, dense) = (run("sparse-always", "always"), run("sparse-never", "never"));
    for recipe in ["plain", "mish"] {
        let weights =
            |run: &Path| tensors::read(&run.join(folder(recipe)).join("model.safetensors"));
        let (ours, theirs) = (weights(&sparse), weights(&dense));
        assert_ne!(ours, theirs, "{recipe}: the kernels were not used");
        for (name, tensor) in &ours {
            if !name.ends_with("weight") {
                continue;
            }
            let pairs = tensor.floats().into_iter().zip(theirs[name].floats());
            for (one, other) in pairs {
                assert!((one - other).abs() < 0.02, "{recipe} {name}: {one} and {other}");
                assert_eq!(one == 0.0, other == 0.0, "{recipe} {name}");
            }
        }
    }
    // The dense levels are one and the same training.
    let level = "draw/imp/seed-1/level-00";
    let bytes = |run: &Path| fs::read(run.join(level).join("model.safetensors")).unwrap();
    assert_eq!(bytes(&sparse), bytes(&dense));
    assert_eq!(description(&sparse, level).get("sparse"), None);
    assert_eq!(description(&sparse, &folder("plain"))["sparse"], "always");
    assert_eq!(description(&dense, &folder("plain")).get("sparse"), None);
}

#[test]
fn pruned_weights_stay_plus_zero_where_masks_move() {
    let run = run("sparse-always", "always");
    let job = run.join(folder("rigl"));
    let read = |name: &str| tensors::read(&job.join(name));
    let (weights, masks) = (read("model.safetensors"), read("mask.safetensors"));
    assert_ne!(masks, read("start-mask.safetensors"), "nothing moved");
    for (name, mask) in masks {
        for (bits, kept) in weights[&name].bits().into_iter().zip(mask.flags()) {
            // −0.0 has another bit pattern.
            assert!(kept || bits == 0, "{name}");
        }
    }
}

/// It measures every stored network again, to the bit.
#[test]
fn a_stored_run_is_verified_with_the_kernels_that_made_it() {
    for (name, sparse) in
        [("sparse-always", "always"), ("sparse-never", "never"), ("sparse-measured", "measured")]
    {
        let sandbox = Sandbox::new();
        let run = run(name, sparse);
        files::copy(run.parent().unwrap().parent().unwrap(), sandbox.path());
        let ran = sandbox.with_fixtures(&["verify", "runs/tiny"]).run().expect(0);
        assert!(!ran.stdout.contains("may differ"), "{ran}");
        let ran = sandbox.with_fixtures(&["eval", "runs/tiny", "--recipe", "rigl"]).run().expect(0);
        let row = results(&run).into_iter().find(|row| row.get("recipe") == "rigl").unwrap();
        let stored = format!("{:.2} %", 100.0 * row.number("test_accuracy"));
        assert_eq!(ran.stdout.matches(&stored).count(), 2, "as stored and as found: {ran}");
    }
}

#[test]
fn what_was_measured_is_kept_with_the_job() {
    let run = run("sparse-measured", "measured");
    let text = fs::read(run.join(folder("plain")).join("kernels.json")).unwrap();
    let record: BTreeMap<String, BTreeSet<String>> = serde_json::from_slice(&text).unwrap();
    let mask = tensors::read(&run.join(folder("plain")).join("mask.safetensors"));
    let all: BTreeSet<&String> = record.values().flatten().collect();
    let pruned = mask.iter().filter(|(_, mask)| mask.flags().contains(&false));
    let pruned: BTreeSet<&String> = pruned.map(|(name, _)| name).collect();
    // All pruned layers, and the linear one, of which nothing is pruned.
    let linear = "linear.weight".to_owned();
    assert_eq!(all, &pruned | &BTreeSet::from([&linear]));
    assert_eq!(record.keys().collect::<Vec<_>>(), ["dense", "sparse"]);
    let dense = run.join("draw/imp/seed-1/level-00/kernels.json");
    assert!(!dense.exists(), "nothing is pruned there");
}

/// Whether that process is in the middle of a training: its files lie beside their place.
fn at_work(series: &Path, pid: u32) -> bool {
    let names = fs::read_dir(series).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| name.to_string_lossy().contains(&format!(".tmp-{pid}-")))
}

/// Killed by a signal again and again, a run ends with the bytes of one that nobody disturbed.
#[test]
fn a_resumed_training_ends_with_the_same_bits() {
    let slow = "[{ plugin = \"slow\", params = { milliseconds = 60 } }]";
    for sparse in ["always", "measured"] {
        let config =
            Config { train: "epochs = 4\nbatch_size = 20".to_owned(), ..Config::default() }
                .train(&format!("augmentation = {slow}"))
                .top(&format!("seed = 1\nsparse = \"{sparse}\""))
                .draw("prune_at = \"init\"\nscore = \"random\"\nkeep = [0.2]")
                .spend("rigl", &format!("levels = [1]\n{RIGL}"));
        let sandbox = Sandbox::new();
        data::tensors(&sandbox);
        sandbox.config(&config);
        let mut stops = 0;
        let mut kept: Option<Vec<u8>> = None;
        let series = sandbox.at("runs/tiny/spend/rigl/imp/seed-1");
        loop {
            let mut running = sandbox.with_fixtures(&["run", "tiny.toml"]).start();
            while !at_work(&series, running.pid()) && !running.has_ended() {
                thread::sleep(Duration::from_millis(5));
            }
            thread::sleep(Duration::from_millis(450));
            if !running.has_ended() {
                running.signal(libc::SIGINT);
            }
            let ran = running.wait();
            // The choice of a training under way does not change.
            let noted = fs::read(series.join(".level-01.checkpoint/.kernels.json")).ok();
            if let (Some(before), Some(now)) = (&kept, &noted) {
                assert_eq!(before, now);
            }
            kept = noted.or(kept);
            match ran.code {
                0 => break,
                3 => stops += 1,
                code => panic!("{code}: {ran}"),
            }
            assert!(stops < 60, "it does not come to an end");
        }
        assert!(stops > 0, "nothing was interrupted");
        if sparse == "measured" {
            // Another run might measure otherwise: this one's choice must be the stored one.
            let stored = fs::read(series.join("level-01/kernels.json")).unwrap();
            assert_eq!(kept.unwrap(), stored);
            continue;
        }
        let other = Sandbox::new();
        data::tensors(&other);
        other.run(&config).expect(0);
        let of = |sandbox: &Sandbox| {
            let mut found = files::reproducible(&sandbox.at("runs/tiny"));
            // It has the data's absolute path.
            found.remove("config.toml");
            found
        };
        files::assert_same(&of(&sandbox), &of(&other));
    }
}

/// Twelve epochs on images made in code: 30 % of the weights, two seeds.
#[test]
fn a_ticket_learns_as_well_on_kernels_as_dense() {
    let accuracy = |sparse: &str| {
        let config = Config {
            data: "dataset = \"synthetic\"\nvalidation = 100\ntrain_limit = 768\ntest_limit = 300"
                .to_owned(),
            train: "epochs = 12\nbatch_size = 64\nlr_schedule = \"cosine\"".to_owned(),
            model: "architecture = { plugin = \"resnet8\", params = { width = 8 } }".to_owned(),
            ..Config::default()
        }
        .top(&format!("seeds = [1, 2]\nsparse = \"{sparse}\""))
        .draw("prune_at = \"init\"\nscore = \"random\"\nkeep = [0.3]")
        .spend("plain", "levels = [1]");
        let sandbox = Sandbox::new();
        sandbox.run(&config).expect(0);
        let rows = results(&sandbox.at("runs/tiny"));
        let spends = rows.iter().filter(|row| row.get("recipe") == "plain");
        let found: Vec<f64> = spends.map(|row| row.number("test_accuracy")).collect();
        assert_eq!(found.len(), 2);
        found
    };
    for (sparse, dense) in accuracy("always").into_iter().zip(accuracy("never")) {
        assert!(dense > 0.25, "it learns nothing that could be compared: {dense}");
        assert!((sparse - dense).abs() < 0.1, "{sparse} on kernels, {dense} dense");
    }
}

#[test]
fn kernels_where_there_are_none_are_refused() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = tiny("always").top("seed = 1\nprecision = \"bf16\"\nsparse = \"always\"");
    sandbox.run(&config).expect(2).says(&["`sparse` asks for sparse kernels", "bf16 on cpu"]);
}
