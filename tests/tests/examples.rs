//! `examples/` as a stranger uses it: a workspace of its own, built and tested without the host's
//! source, and every folder's config run with the real program.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::stranger::{self, ROOT};
use jackpot_tests::tensors::{self, State};
use jackpot_tests::{Sandbox, results};

fn examples() -> PathBuf {
    Path::new(ROOT).join("examples").canonicalize().unwrap()
}

/// The folders with a crate.
fn folders() -> Vec<String> {
    let folders = fs::read_dir(examples()).unwrap().map(|entry| entry.unwrap().path());
    let crates = folders.filter(|folder| folder.join("Cargo.toml").exists());
    let mut names: Vec<_> =
        crates.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Builds all examples and runs a folder's config, with more arguments, into `run`.
#[track_caller]
fn run(folder: &str, args: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    stranger::build(&examples());
    run_in(&sandbox, folder, args);
    sandbox
}

#[track_caller]
fn run_in(sandbox: &Sandbox, folder: &str, args: &[&str]) {
    let config = examples().join(folder).join("experiment.toml");
    let plugins = stranger::target().join("release");
    let few = ["data.train_limit=32", "data.test_limit=16", "data.validation=16"];
    let mut program = sandbox.jackpot(&["run", "--out", "run"]).arg(config).args(args);
    for set in few.iter().chain(&["threads=1", "train.batch_size=16"]) {
        program = program.args(["--set", set]);
    }
    program.arg("--plugin-dir").arg(plugins).run().expect(0);
    for row in results(&sandbox.at("run")) {
        assert!(matches!(row.get("status"), "done" | "linked"), "{row:?}");
    }
}

fn model(sandbox: &Sandbox, job: &str) -> State {
    tensors::read(&sandbox.at("run").join(job).join("model.safetensors"))
}

/// The rows of a job's `learned.csv`: mean, min, max by tensor.
fn learned(sandbox: &Sandbox, job: &str) -> BTreeMap<String, [f64; 3]> {
    let text = fs::read_to_string(sandbox.at("run").join(job).join("learned.csv")).unwrap();
    assert_eq!(text.lines().next(), Some("tensor,elements,mean,min,max"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        let number = |i: usize| cells[i].parse::<f64>().unwrap();
        (cells[0].to_owned(), [number(2), number(3), number(4)])
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn the_examples_pass_their_own_tests_and_each_has_a_config() {
    let ran = stranger::cargo(&examples(), "test", &[]);
    let passed = String::from_utf8_lossy(&ran.stdout).matches("test result: ok").count();
    let folders = folders();
    assert!(passed >= folders.len(), "{passed} of {folders:?}");
    let manifest = fs::read_to_string(examples().join("Cargo.toml")).unwrap();
    let readme = fs::read_to_string(examples().join("README.md")).unwrap();
    for folder in folders {
        assert!(manifest.contains(&format!("\"{folder}\"")), "{folder} is no member");
        assert!(readme.contains(&format!("[{folder}]({folder}/src/lib.rs)")), "{folder}");
        assert!(examples().join(&folder).join("experiment.toml").exists(), "{folder}");
    }
}

#[test]
fn the_smallest_plugin_changes_what_is_trained() {
    let sandbox = run("activation", &[]);
    let [vanilla, own] = ["vanilla", "squareplus"]
        .map(|recipe| model(&sandbox, &format!("spend/{recipe}/imp/seed-1/level-01")));
    assert_ne!(vanilla, own);
}

/// `resume.rs` interrupts a training with such tensors; the same bytes come out of it.
#[test]
fn a_learned_tensor_is_trained_saved_and_shown() {
    const JOB: &str = "spend/prelu/imp/seed-1/level-01";
    let sandbox = run("learned-activation", &[]);
    let whole = model(&sandbox, JOB);
    let shown = learned(&sandbox, JOB);
    let slopes: Vec<_> = whole.keys().filter(|name| name.ends_with(".slope")).collect();
    assert_eq!(slopes.len(), 7, "one at every site: {slopes:?}");
    for name in slopes {
        let values = whole[name].floats();
        assert!(values.iter().any(|&value| value != 0.1), "{name} is trained");
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let [mean, min, max] = shown[name];
        assert!((mean - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-12);
        assert!(values.contains(&min) && values.contains(&max) && min <= mean && mean <= max);
    }
    let report = fs::read_to_string(sandbox.at("run/report.html")).unwrap();
    assert!(report.contains("Learned values") && report.contains("prelu.relu.slope"));
    let vanilla = sandbox.at("run/spend/vanilla/imp/seed-1/level-01/learned.csv");
    assert!(!vanilla.exists(), "nothing is learned without the tweak");
}

#[test]
fn a_knob_fades_the_shortcuts_until_the_network_is_the_plain_one() {
    let sandbox = run("skip", &[]);
    let job = "spend/shortcut/imp/seed-1/level-01";
    let text = fs::read_to_string(sandbox.at("run").join(job).join("metrics.jsonl")).unwrap();
    // Of the two epochs, the edges act in the first alone.
    assert!(text.contains("\"fading-shortcut.alpha\":0.0"), "{text}");
    assert_ne!(model(&sandbox, job), model(&sandbox, "spend/vanilla/imp/seed-1/level-01"));
    let flops = |recipe: &str| {
        let rows = results(&sandbox.at("run"));
        rows.iter().find(|row| row.get("recipe") == recipe).unwrap().number("flops")
    };
    assert_eq!(flops("shortcut"), flops("vanilla"));
}

#[test]
fn images_of_changing_brightness_train_another_network() {
    let sandbox = run("augmentation", &[]);
    let [vanilla, own] = ["vanilla", "brightness"]
        .map(|recipe| model(&sandbox, &format!("spend/{recipe}/imp/seed-1/level-01")));
    assert_ne!(vanilla, own);
}

#[test]
fn the_rate_goes_up_and_down() {
    let sandbox = run("schedule", &["--set", "train.optimizer={ name = \"sgd\", lr = 0.5 }"]);
    let job = "run/spend/triangle/imp/seed-1/level-01/metrics.jsonl";
    let text = fs::read_to_string(sandbox.at(job)).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rates: Vec<f64> = rows.filter_map(|row| row["lr"].as_f64()).collect();
    // Two epochs of two steps, the first one the warm-up: 0.25, 0.5, 0.5, 0.25. An epoch's row has
    // the rate of its last step.
    assert_eq!(rates, [0.5, 0.25]);
}

#[test]
fn another_score_draws_another_ticket_of_the_same_size() {
    let sandbox = run("score", &[]);
    let mask = |draw: &str| {
        let folder = sandbox.at(&format!("run/draw/{draw}/seed-1/level-01"));
        tensors::read(&folder.join("mask.safetensors"))
    };
    assert_ne!(mask("magnitude"), mask("taylor"));
    let rows = results(&sandbox.at("run"));
    let kept = |draw: &str| {
        let of = |row: &&results::Row| row.get("draw") == draw && row.number("level") == 1.0;
        rows.iter().find(of).unwrap().number("weights_kept")
    };
    assert_eq!(kept("magnitude"), kept("taylor"));
}

#[test]
fn both_losses_of_one_file_train() {
    let sandbox = run("two-items", &[]);
    let [vanilla, focal, poly] = ["vanilla", "focal", "poly"]
        .map(|recipe| model(&sandbox, &format!("spend/{recipe}/imp/seed-1/level-01")));
    assert_ne!(vanilla, focal);
    assert_ne!(vanilla, poly);
    assert_ne!(focal, poly);
}

/// The transformer is drawn, pruned and spent: its shared weight is one tensor with one mask.
#[test]
fn a_transformer_is_drawn_and_spent_with_adamw() {
    let sandbox = run("architecture", &[]);
    let dense = model(&sandbox, "draw/imp/seed-1/level-00");
    let ticket = model(&sandbox, "spend/vanilla/imp/seed-1/level-01");
    assert_ne!(ticket, model(&sandbox, "spend/gelu/imp/seed-1/level-01"), "the sites are there");
    let names: Vec<_> = dense.keys().filter(|name| name.contains("mlp")).collect();
    assert_eq!(names, ["mlp.fc1.bias", "mlp.fc1.weight", "mlp.fc2.bias", "mlp.fc2.weight"]);
    let init = tensors::read(&sandbox.at("run/draw/imp/seed-1/init.safetensors"));
    for (name, tensor) in &dense {
        assert_ne!(tensor, &init[name], "{name} is trained");
    }
    let mask = tensors::read(&sandbox.at("run/draw/imp/seed-1/level-01/mask.safetensors"));
    let masked: Vec<_> = mask.keys().map(String::as_str).collect();
    let linear = |name: &&String| name.ends_with(".weight") && dense[*name].shape.len() == 2;
    assert_eq!(masked, dense.keys().filter(linear).collect::<Vec<_>>());
    // 2 blocks of qkv and proj, the shared part, the head; a fifth of all is pruned.
    let row = &results(&sandbox.at("run"))[1];
    assert_eq!((row.number("level"), row.number("weights_total")), (1.0, 12608.0));
    assert_eq!(
        row.number("weights_total") - row.number("weights_kept"),
        (0.2_f64 * 12608.0).round()
    );
    let name = "mlp.fc1.weight";
    for (bits, keep) in ticket[name].bits().into_iter().zip(mask[name].flags()) {
        assert!(keep || bits == 0, "a pruned weight is +0.0 wherever it is used");
    }
}

/// Scores and initialisations that differentiate twice take it, too.
#[test]
fn a_transformer_has_second_derivatives() {
    let sandbox = Sandbox::new();
    stranger::build(&examples());
    let set = [
        "draw.imp.score=\"grasp\"",
        "draw.imp.prune_at=\"init\"",
        "spend.gelu.init={ plugin = \"lrsi\", params = { iterations = 2, batch_size = 8 } }",
    ];
    let args: Vec<_> = set.iter().flat_map(|set| ["--set", set]).collect();
    run_in(&sandbox, "architecture", &args);
}
