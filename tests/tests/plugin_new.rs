//! `jackpot plugin new`: what it writes builds, passes its tests, is found and trains, for every
//! kind; and what it refuses leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jackpot_tests::stranger::{self, ROOT};
use jackpot_tests::{Sandbox, data, files, results};
use serde_json::Value;

const KINDS: [&str; 9] = [
    "architecture",
    "activation",
    "skip",
    "init",
    "augmentation",
    "lr-schedule",
    "loss",
    "score",
    "update",
];

/// Makes `new-KIND` for a kind in a folder outside of the repository.
fn make(folder: &Path, kind: &str) {
    let sandbox = Sandbox::new();
    let (name, api) = (format!("new-{kind}"), Path::new(ROOT).join("plugin-api"));
    let ran = sandbox.jackpot(&["plugin", "new", &name, "--kind", kind]);
    let ran = ran.arg("--path").arg(folder.join(&name)).arg("--api").arg(api).run().expect(0);
    assert!(ran.stdout.ends_with("cargo build --release\njackpot run experiment.toml\n"), "{ran}");
}

#[test]
fn every_kind_builds_passes_its_tests_and_trains() {
    let outside = tempfile::tempdir().unwrap();
    for kind in KINDS {
        make(outside.path(), kind);
    }
    // As it is written: a workspace of its own.
    let lock = Path::new(ROOT).join("Cargo.lock");
    let first = outside.path().join("new-activation");
    fs::copy(&lock, first.join("Cargo.lock")).unwrap();
    stranger::build(&first);
    let tested = stranger::cargo(&first, "test", &[]);
    assert!(String::from_utf8_lossy(&tested.stdout).contains("2 passed"), "{tested:?}");
    // All at once, which takes a ninth of the time: members of one workspace.
    let mut workspace = "[workspace]\nresolver = \"3\"\nmembers = [\"new-*\"]\n".to_owned();
    for kind in KINDS {
        let manifest = outside.path().join(format!("new-{kind}/Cargo.toml"));
        let text = fs::read_to_string(&manifest).unwrap();
        let (head, profile) = text.split_once("[profile.release]").unwrap();
        let (profile, rest) = profile.split_once("\n\n").unwrap();
        assert!(rest.contains("[workspace]"), "{text}");
        fs::write(&manifest, head).unwrap();
        if kind == KINDS[0] {
            workspace.push_str(&format!("[profile.release]{profile}\n"));
        }
    }
    fs::write(outside.path().join("Cargo.toml"), workspace).unwrap();
    fs::copy(&lock, outside.path().join("Cargo.lock")).unwrap();
    stranger::build(outside.path());
    // As each of them has it.
    files::copy(&first.join(".cargo"), &outside.path().join(".cargo"));
    let tested = stranger::cargo(outside.path(), "test", &[]);
    let passed = String::from_utf8_lossy(&tested.stdout).matches("test result: ok").count();
    assert!(passed >= KINDS.len(), "{passed} crates passed");

    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let built = stranger::target().join("release");
    let list = sandbox.jackpot(&["plugin", "list", "--json", "--plugin-dir"]).arg(&built);
    let list: Value = serde_json::from_str(&list.run().expect(0).stdout).unwrap();
    let items = list["plugins"].as_array().unwrap().iter();
    let found: BTreeSet<_> = items
        .map(|item| (item["kind"].as_str().unwrap(), item["name"].as_str().unwrap()))
        .collect();
    for kind in KINDS {
        assert!(found.contains(&(kind, format!("new-{kind}").as_str())), "{kind}: {list:#}");
    }
    let network =
        "[model]\narchitecture = { plugin = \"new-architecture\", params = { width = 4 } }";
    let (head, recipes) = ALL.split_once("[[spend]]").unwrap();
    let (data, rest) = head.split_once("[model]").unwrap();
    let (_, training) = rest.split_once("[train]").unwrap();
    let other = format!("{data}{network}\n[train]{training}");
    assert_eq!(recipes.matches("recipe =").count(), 7);
    for (name, text, jobs) in [("all", ALL, 2 + 7 * 2), ("network", other.as_str(), 2)] {
        let config = format!("{name}.toml");
        sandbox.write(&config, text);
        let run = sandbox.jackpot(&["run", &config, "--out", name, "--plugin-dir"]).arg(&built);
        run.run().expect(0);
        let rows = results(&sandbox.at(name));
        assert_eq!(rows.len(), jobs);
        assert!(rows.iter().all(|row| matches!(row.get("status"), "done" | "linked")), "{rows:?}");
    }
}

/// All of them but the architecture in one experiment.
const ALL: &str = r#"
name = "all"
seed = 1
device = "cpu"
threads = 1
[data]
dataset = "tensors"
root = "data.safetensors"
validation = 16
[model]
architecture = { plugin = "resnet8", params = { width = 4 } }
[train]
epochs = 2
batch_size = 16
[[draw]]
score = "new-score"
levels = 1
[[spend]]
recipe = "activation"
activation = "new-activation"
[[spend]]
recipe = "skip"
skip = { plugin = "new-skip", params = { fade = "1ep" } }
[[spend]]
recipe = "init"
init = "new-init"
[[spend]]
recipe = "augmentation"
augmentation = "new-augmentation"
[[spend]]
recipe = "schedule"
lr_schedule = "new-lr-schedule"
[[spend]]
recipe = "loss"
loss = { plugin = "new-loss", params = { temperature = 2.0 } }
[[spend]]
recipe = "update"
update = { plugin = "new-update", params = { every = "1it" } }
"#;

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let new = |args: &[&str]| sandbox.jackpot(&["plugin", "new"]).args(args).run().expect(2);
    new(&["My Tweak", "--kind", "loss"]).says(&["a name begins with a small letter"]);
    new(&["fn", "--kind", "loss"]).says(&["it means something to Rust"]);
    new(&["mine", "--kind", "lossy"]).says(&["the kinds are architecture, activation"]);
    new(&["swish", "--kind", "activation"]).says(&["there is a plugin of that kind and name"]);
    new(&["mine", "--kind", "loss", "--path", "no/where"]).says(&["there is no folder no"]);
    new(&["mine", "--kind", "loss", "--api", "."]).says(&["there is no jackpot-plugin-api"]);
    assert_eq!(fs::read_dir(sandbox.path()).unwrap().count(), 0);
    // The name of another kind's item is free.
    sandbox.jackpot(&["plugin", "new", "swish", "--kind", "loss"]).run().expect(0);
    sandbox.write("swish/src/lib.rs", "mine");
    new(&["swish", "--kind", "loss"]).says(&["swish is there already"]);
    assert_eq!(fs::read_to_string(sandbox.at("swish/src/lib.rs")).unwrap(), "mine");
}

/// The program lies somewhere in the repository here, whose `plugin-api` it finds; a copy of it
/// elsewhere asks for a version.
#[test]
fn the_api_is_looked_for_beside_the_program() {
    let sandbox = Sandbox::new();
    sandbox.jackpot(&["plugin", "new", "mine", "--kind", "skip"]).run().expect(0);
    let manifest = fs::read_to_string(sandbox.at("mine/Cargo.toml")).unwrap();
    let api = Path::new(ROOT).join("plugin-api").canonicalize().unwrap();
    let found = manifest.contains(&format!("path = {:?}", api.to_str().unwrap()));
    let repository = Path::new(ROOT).canonicalize().unwrap();
    // Unless CARGO_TARGET_DIR is somewhere else.
    assert_eq!(found, sandbox.path().canonicalize().unwrap().starts_with(repository), "{manifest}");

    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("jackpot");
    fs::copy(&jackpot_tests::install::install().binary, &copy).unwrap();
    let args = ["plugin", "new", "other", "--kind", "skip"];
    let ran = jackpot_tests::Program::of(&copy).args(args).current_dir(elsewhere.path()).run();
    ran.expect(0).says(&["its Cargo.toml asks for jackpot-plugin-api 0.1"]);
    let manifest = fs::read_to_string(elsewhere.path().join("other/Cargo.toml")).unwrap();
    assert!(manifest.contains("\njackpot-plugin-api = { version = \"0.1"), "{manifest}");
}
