//! The plugin ABI over time: files that were built once and are kept (`tests/abi`), files of a
//! later version on today's host, today's files on a later host, and many files at once.

#![allow(clippy::unwrap_used, reason = "tests")]

mod door;
mod many;
mod newer_host;
mod newer_plugin;
mod reference;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::{Program, Ran, Sandbox, data, files};

/// A config that uses each item of the reference plugin that does no misdeeds.
fn everything() -> Config {
    Config::default()
        .model(
            "architecture = { plugin = \"reference-net\", params = { widths = [4, 6], deviation = \
             0.2, notes = { any = [1, \"thing\"] } } }",
        )
        .train("activation = { plugin = \"reference-slope\", params = { start = 0.1 } }")
        .train("augmentation = { plugin = \"reference-noise\", params = { reach = 0.2 } }")
        .train(
            "lr_schedule = { plugin = \"reference-steps\", params = { milestones = [\"1ep\", \
             \"5it\"], warmup = \"1it\", repeats = 2 } }",
        )
        .train("loss = { plugin = \"reference-smoothed\", params = { penalty = 0.1 } }")
        .draw("levels = 1\nscore = { plugin = \"reference-sensitivity\", params = { rounds = 3 } }")
        .spend("swish", "levels = [1]\nactivation = { plugin = \"reference-swish\" }")
        .spend("edges", "levels = [1]\nskip = { plugin = \"reference-echo\" }")
        .spend("fresh", "levels = [1]\ninit = \"reference-fresh\"")
        .spend("checked", "levels = [1]\ninit = \"reference-check\"")
        .spend(
            "moving",
            "levels = [1]\nupdate = { plugin = \"reference-turn\", params = { every = \"1it\" } }",
        )
        .spend(
            "taught",
            "levels = [1]\nloss = { plugin = \"reference-smoothed\", params = { taught = true } }\n\
             teacher = \"dense\"",
        )
}

/// A sandbox with data and this config.
fn sandbox(config: &Config) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(config);
    sandbox
}

/// Runs a config with the plugins of a folder; gives what it printed, and all that is trained.
fn run(program: Program, plugins: &Path, config: &Config) -> (Ran, Trained) {
    let sandbox = sandbox(config);
    let program = program.args(["run", "tiny.toml", "--plugin-dir"]).arg(plugins);
    let ran = program.current_dir(sandbox.path()).run().expect(0);
    let mut trained = files::contents(&sandbox.at("runs/tiny"));
    let kept = ["model.safetensors", "mask.safetensors", "metrics.jsonl"];
    trained.retain(|path, _| kept.iter().any(|name| path.ends_with(name)));
    (ran, trained)
}

/// Weights, masks and metrics of a run's jobs, by their paths.
type Trained = BTreeMap<String, Vec<u8>>;

/// The bytes of a folder's only plugin, alone in a folder.
fn alone(file: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(file, folder.path().join(file.file_name().unwrap())).unwrap();
    folder
}
