//! Every config that comes with the program is valid, and trains for two steps of each recipe on a
//! few images.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::{Sandbox, data, results};

const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs");

fn configs(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(CONFIGS).join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The recipes of a config with the tables that stand behind their keys.
fn recipes(path: &Path) -> Vec<toml::Table> {
    let text = fs::read_to_string(path).unwrap();
    let config: toml::Table = text.parse().unwrap();
    let spends = config.get("spend").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    spends.into_iter().filter_map(|spend| spend.as_table().cloned()).collect()
}

/// What makes a run of two steps from a config: one seed, four images, a narrow network, one
/// level, and plugins that are done sooner.
fn short(path: &Path, sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let config: toml::Table = text.parse().unwrap();
    let mut set = vec![
        "seeds=[1]".to_owned(),
        "device=\"cpu\"".to_owned(),
        "precision=\"f32\"".to_owned(),
        "threads=1".to_owned(),
        format!("data.root={:?}", sandbox.path().to_str().unwrap()),
        "data.validation=4".to_owned(),
        "data.train_limit=4".to_owned(),
        "data.test_limit=4".to_owned(),
        "train.epochs=1".to_owned(),
        "train.batch_size=2".to_owned(),
        "model.architecture.params.width=4".to_owned(),
    ];
    for draw in config["draw"].as_array().unwrap() {
        let name = draw.get("name").and_then(toml::Value::as_str).unwrap_or("imp");
        let levels = draw.get("levels").and_then(toml::Value::as_integer);
        match (levels, draw.get("keep")) {
            (Some(0), _) => {}
            (Some(_), _) => set.push(format!("draw.{name}.levels=1")),
            (None, _) => set.push(format!("draw.{name}.keep=[0.5]")),
        }
        let score = draw.get("score").and_then(|score| score.get("plugin")?.as_str());
        if score == Some("synflow") {
            set.push(format!("draw.{name}.score.params.rounds=3"));
        }
    }
    for recipe in recipes(path) {
        let name = recipe["recipe"].as_str().unwrap();
        let key = |key: &str| format!("spend.\"{name}\".{key}");
        let plugin = |of: &str| recipe.get(of).and_then(|it| it.get("plugin")?.as_str());
        if recipe.get("levels").is_some_and(|levels| levels.as_array().is_some()) {
            let dense = recipe["levels"].as_array().unwrap()[0].as_integer() == Some(0);
            set.push(key(if dense { "levels=[0, 1]" } else { "levels=[1]" }));
        }
        if plugin("init") == Some("lrsi") {
            set.push(key("init.params={ iterations = 2, batch_size = 2 }"));
        }
        if let Some("rigl" | "set") = plugin("update") {
            set.push(key("update.params={ every = \"1it\" }"));
        }
    }
    set
}

fn data_of(path: &Path, sandbox: &Sandbox) {
    let text = fs::read_to_string(path).unwrap();
    let config: toml::Table = text.parse().unwrap();
    match config["data"]["dataset"].as_str().unwrap() {
        "cifar10" => data::cifar10(&sandbox.at("cifar-10-batches-bin")),
        "cifar100" => data::cifar100(&sandbox.at("cifar-100-binary")),
        "tiny-imagenet" => _ = data::tiny_imagenet(sandbox.path()),
        other => panic!("{other}"),
    }
}

#[track_caller]
fn two_steps_each(files: &[PathBuf]) {
    assert!(!files.is_empty());
    for path in files {
        let sandbox = Sandbox::new();
        data_of(path, &sandbox);
        let mut program = sandbox.jackpot(&["run", path.to_str().unwrap(), "--out", "run"]);
        for set in short(path, &sandbox) {
            program = program.args(["--set", &set]);
        }
        program.run().expect(0);
        for row in results(&sandbox.at("run")) {
            assert!(matches!(row.get("status"), "done" | "linked"), "{row:?}");
            if !row.get("recipe").is_empty() {
                assert_eq!(row.number("best_epoch"), 1.0, "{row:?}");
            }
        }
        assert!(sandbox.at("run/report.html").exists());
    }
}

fn of(folder: &str, part: &str) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().ends_with(part);
    configs(folder).into_iter().filter(named).collect()
}

#[test]
fn all_are_valid() {
    let folders = ["", "paper", "any-mask", "studies"];
    let files: Vec<PathBuf> = folders.into_iter().flat_map(configs).collect();
    let sandbox = Sandbox::new();
    for path in files {
        let ran = sandbox.jackpot(&["config", "check", path.to_str().unwrap()]).run();
        ran.expect(0);
    }
}

#[test]
fn there_is_one_for_every_dataset_and_architecture_of_the_paper() {
    let mut expected = Vec::new();
    for dataset in ["cifar10", "cifar100", "tiny-imagenet"] {
        for architecture in ["mobilenet", "resnet18", "resnet34", "vgg16"] {
            expected.push(format!("{dataset}-{architecture}"));
        }
    }
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    assert_eq!(configs("paper").iter().map(stem).collect::<Vec<_>>(), expected);
}

#[test]
fn all_of_the_paper_are_the_same_experiment() {
    let rest = |path: &PathBuf| {
        let mut config: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
        for key in ["name", "data", "model"] {
            config.remove(key).unwrap();
        }
        config
    };
    let all: Vec<toml::Table> = configs("paper").iter().map(rest).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    let tuned = |spend: &&toml::Table| spend.contains_key("trial_of");
    let spends = recipes(&configs("paper")[0]);
    let trials = spends.iter().filter(tuned).count();
    let tweaks = ["activation", "skip", "init", "loss"];
    let tweaked = |spend: &&toml::Table| tweaks.iter().any(|key| spend.contains_key(*key));
    assert_eq!(trials, spends.iter().filter(tweaked).count(), "as many trials as tweaks");
}

#[test]
fn the_papers_train_resnet18() {
    two_steps_each(&of("paper", "resnet18"));
}

#[test]
fn the_papers_train_resnet34() {
    two_steps_each(&of("paper", "resnet34"));
}

#[test]
fn the_papers_train_vgg16() {
    two_steps_each(&of("paper", "vgg16"));
}

#[test]
fn the_papers_train_mobilenet() {
    two_steps_each(&of("paper", "mobilenet"));
}

#[test]
fn those_of_other_masks_train() {
    two_steps_each(&configs("any-mask"));
}

#[test]
fn the_studies_train() {
    two_steps_each(&configs("studies"));
}

#[test]
fn the_small_network_trains_and_is_small() {
    let path = Path::new(CONFIGS).join("small-net.toml");
    two_steps_each(std::slice::from_ref(&path));
}
