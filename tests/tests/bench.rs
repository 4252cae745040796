//! `jackpot bench`: what it measures and says; it writes nothing.

#![allow(clippy::unwrap_used, reason = "tests")]

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::{Sandbox, data, python};
use serde_json::Value;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let augmented = "augmentation = \"crop-flip\"";
    sandbox.config(&Config::default().train(augmented).spend("mish", "activation = \"mish\""));
    sandbox
}

#[test]
fn it_measures_the_loop_and_its_parts() {
    let sandbox = sandbox();
    let args =
        ["bench", "tiny.toml", "--rounds", "3", "--steps", "2", "--json", "--recipe", "mish"];
    let found = sandbox.jackpot(&args).arg("--sparsity").arg("75").run().expect(0);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(found["recipe"], "recipe `mish`");
    let rounds: Vec<f64> = serde_json::from_value(found["rounds"].clone()).unwrap();
    assert_eq!(rounds.len(), 3);
    let mut sorted = rounds;
    sorted.sort_by(f64::total_cmp);
    // There are no graphs on a CPU.
    assert_eq!(found["captured"], false);
    let speed = &found["images_per_second"];
    assert_eq!(speed["median"].as_f64(), Some(sorted[1]));
    assert_eq!(
        (speed["least"].as_f64(), speed["most"].as_f64()),
        (Some(sorted[0]), Some(sorted[2]))
    );
    let parts: Vec<(String, f64)> = serde_json::from_value(found["step"].clone()).unwrap();
    let names: Vec<_> = parts.iter().map(|(name, _)| name.as_str()).collect();
    let all = ["data", "augmentation", "forward", "backward", "optimizer", "metrics", "rest"];
    assert_eq!(names, all);
    assert!(parts.iter().all(|(name, seconds)| name == "rest" || *seconds > 0.0), "{parts:?}");
    // A quarter of each convolution of ResNet-8 with 4, 8 and 16 channels:
    // 3·4·9 + 2·4·4·9 + 4·8·9 + 8·8·9 + 8·16·9 + 16·16·9 weights.
    assert_eq!((&found["prunable"], &found["kept"]), (&Value::from(4716), &Value::from(1179)));
    assert!(found["peak_bytes"].as_u64().unwrap() > 10_000_000);
    assert!(!sandbox.at("runs").exists());
}

#[test]
fn a_tickets_own_masks_are_measured() {
    let sandbox = sandbox();
    sandbox.jackpot(&["draw", "tiny.toml"]).run().expect(0);
    let masks = sandbox.at("runs/tiny/draw/imp/seed-1/level-01/mask.safetensors");
    let bench = |masks: &str| {
        let args = ["bench", "tiny.toml", "--rounds", "1", "--steps", "1", "--json", "--masks"];
        sandbox.jackpot(&args).arg(masks).run()
    };
    let found = bench(masks.to_str().unwrap()).expect(0);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    let shares = ["kept", "prunable"].map(|key| found[key].as_f64().unwrap());
    assert!((shares[0] / shares[1] - 0.8).abs() < 1e-3, "{shares:?}");
    bench("nowhere.safetensors").expect(1).says(&["nowhere.safetensors"]);
}

#[test]
fn rounds_come_when_they_are_asked_for() {
    let sandbox = sandbox();
    let args = ["bench", "tiny.toml", "--by-turns", "--steps", "1", "--inference", "8"];
    let asked = sandbox.write("asked", "\n\n");
    let found = sandbox.jackpot(&args).stdin(&asked).run().expect(0);
    let lines: Vec<Value> =
        found.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{found}");
    assert_eq!(lines[0]["ready"]["batch_size"], 8);
    let speeds = [&lines[1], &lines[2]].map(|line| line["images_per_second"].clone());
    assert_eq!(lines[3]["measured"]["rounds"], Value::from(speeds.to_vec()));
}

/// The program for a CUDA machine, on the CPU and small; torch.compile wants a compiler, and a graph
/// a GPU.
#[test]
fn what_measures_a_gpu_is_rehearsed() {
    let Some(python) = python::with("torch, numpy") else { return };
    let sandbox = Sandbox::new();
    let jackpot = install().binary.to_str().unwrap();
    let args = ["--jackpot", jackpot, "--out", "cuda.json", "--device", "cpu", "--quick"];
    let without = "graph,compile,compile-reduce-overhead,compile-max-autotune";
    let args = [&args[..], &["--leave-out", without, "--only", "activation/swish"]].concat();
    python::script(&python, "bench/cuda.py", &args, sandbox.path());
    let text = std::fs::read_to_string(sandbox.at("cuda.json")).unwrap();
    let found: Value = serde_json::from_str(&text).unwrap();
    let parts = found["parts"].as_object().unwrap();
    let names: Vec<_> = parts.keys().map(String::as_str).collect();
    let all = [
        "version",
        "matrix rate",
        "flops",
        "start",
        "check",
        "ready",
        "speed at 8",
        "goals at 8",
        "profile at 8",
    ];
    assert_eq!(names, all);
    assert!(parts.values().all(|part| part["state"] == "done"), "{text}");
    assert_eq!(parts["check"]["found"]["ok"], 2);
    let rounds = parts["speed at 8"]["found"]["rounds"].as_object().unwrap();
    let sides: Vec<_> = rounds.keys().map(String::as_str).collect();
    assert_eq!(sides, ["jackpot", "jackpot-operators", "jackpot-f32", "paper", "tuned"]);
    // Of a forward pass of ResNet-20: 40.55 million multiply-adds (He et al., of which the linear
    // layer has 640).
    let macs = parts["flops"]["found"]["macs_forward"].as_u64().unwrap();
    assert_eq!(macs, 40_551_040);
    assert!(parts["goals at 8"]["found"]["times_paper"]["is"].as_f64().unwrap() > 0.0);
}

#[test]
fn what_cannot_be_measured_is_said() {
    let sandbox = sandbox();
    let bench = |args: &[&str]| sandbox.jackpot(&["bench", "tiny.toml"]).args(args).run();
    let said = bench(&["--recipe", "swish"]).expect(2);
    said.says(&["recipe `swish`", "there is none of that name in the config; there are: mish"]);
    bench(&["--sparsity", "100"]).expect(2).says(&["a percentage from 0 to below 100"]);
    let graph = bench(&["--set", "cuda_graph=true"]).expect(2);
    graph.says(&["asks for a CUDA graph, and the device is cpu"]);
    bench(&["--inference", "100000"]).expect(2).says(&["the split has"]);
}
