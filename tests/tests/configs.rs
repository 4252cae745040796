//! Every config that comes with the program is valid, and trains for two steps of each recipe on a
//! few images.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::tensors::read;
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
    files.iter().for_each(|path| _ = two_steps(path));
}

/// Where a short training of a config lies, in `run`.
fn two_steps(path: &Path) -> Sandbox {
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
    sandbox
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
}

/// A baseline that was tuned less than the tweaks is none: as many trials as tweaked recipes, and
/// the baseline itself.
#[test]
fn baselines_are_tuned_as_much_as_there_are_tweaks() {
    let tweaks = ["activation", "skip", "init", "loss"];
    for path in configs("paper").iter().chain(&configs("studies")) {
        let spends = recipes(path);
        let tweaked = |spend: &&toml::Table| tweaks.iter().any(|key| spend.contains_key(*key));
        let trials: Vec<_> = spends.iter().filter(|spend| spend.contains_key("trial_of")).collect();
        let changes = |trial: &&&toml::Table| {
            trial.contains_key("optimizer") || trial.contains_key("lr_schedule")
        };
        assert_eq!(trials.iter().filter(changes).count(), spends.iter().filter(tweaked).count());
        assert_eq!(trials.iter().filter(|trial| !changes(trial)).count(), 1, "vanilla as it is");
    }
}

/// The settings of `docs/paper.md`, as the program reads them.
#[test]
fn those_of_the_paper_have_its_protocol() {
    let cifar_10: toml::Table =
        "mean = [0.4914, 0.4822, 0.4465]\nstd = [0.2023, 0.1994, 0.201]".parse().unwrap();
    let protocol: toml::Table = r#"
        epochs = 182
        batch_size = 128
        optimizer = { name = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 2e-4, nesterov = false, decay_norm = true }
        lr_schedule = { plugin = "multi-step", params = { milestones = [90, 135], gamma = 0.1 } }
        augmentation = [{ plugin = "crop-flip", params = { padding = 4, flip = true } }]
    "#
    .parse()
    .unwrap();
    let draw: toml::Table = r#"
        name = "imp"
        score = { plugin = "magnitude" }
        levels = 16
        fraction = 0.2
        rewind = "init"
        prunable = ["conv"]
        schedule = "iterative"
        prune_at = "trained"
    "#
    .parse()
    .unwrap();
    let sandbox = Sandbox::new();
    for path in configs("paper") {
        let ran = sandbox.jackpot(&["config", "check", path.to_str().unwrap(), "--print"]).run();
        let config: toml::Table = ran.expect(0).stdout.parse().unwrap();
        let dataset = config["data"]["dataset"].as_str().unwrap();
        let validation = if dataset == "tiny-imagenet" { 10_000 } else { 5_000 };
        assert_eq!(config["data"]["validation"].as_integer(), Some(validation));
        // The others have their own, which is the default.
        if dataset == "cifar100" {
            within(&cifar_10, config["data"].as_table().unwrap());
        }
        within(&protocol, config["train"].as_table().unwrap());
        within(&draw, config["draw"][0].as_table().unwrap());
        assert_eq!(config["precision"].as_str(), Some("f32"));
        assert_eq!(config["seeds"].as_array().unwrap().len(), 3);
    }
}

/// All keys of one table are in another, with the same values.
fn within(part: &toml::Table, whole: &toml::Table) {
    for (key, value) in part {
        match (value, whole.get(key)) {
            (toml::Value::Table(part), Some(toml::Value::Table(whole))) => within(part, whole),
            (value, found) => assert_eq!(Some(value), found, "{key}"),
        }
    }
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
    let moving = ["gmp", "rigl", "set"].map(|update| of("any-mask", update)).concat();
    let mut drawn = configs("any-mask");
    drawn.retain(|path| !moving.contains(path));
    assert_eq!((moving.len(), drawn.len()), (3, 6));
    two_steps_each(&drawn);
}

#[test]
fn those_of_masks_that_move_train() {
    for update in ["gmp", "rigl", "set"] {
        two_steps_each(&of("any-mask", update));
    }
}

#[test]
fn the_studies_train() {
    two_steps_each(&configs("studies"));
}

#[test]
fn the_small_network_trains_and_is_small() {
    let sandbox = two_steps(&Path::new(CONFIGS).join("small-net.toml"));
    let rows = results(&sandbox.at("run"));
    let [row] = rows.iter().filter(|row| row.get("recipe") == "small").collect::<Vec<_>>()[..]
    else {
        panic!("{rows:?}")
    };
    let (kept, total) = (row.number("weights_kept"), row.number("weights_total"));
    assert_eq!(kept, (0.05 * total).round());
    let level = "run/spend/small/dense/seed-1/level-00";
    for file in ["mask", "best-mask"] {
        let masks = read(&sandbox.at(&format!("{level}/{file}.safetensors")));
        let bits = masks.values().flat_map(|mask| &mask.bytes);
        assert_eq!(bits.filter(|&&bit| bit == 1).count() as f64, kept, "{file}");
    }
}
