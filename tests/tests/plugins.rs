//! `plugin list` and `plugin info`, where plugins are searched, and a plugin of somebody who never
//! saw the host.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use jackpot_tests::config::Config;
use jackpot_tests::install::{first_party, install};
use jackpot_tests::{Program, Sandbox, data, stranger};
use serde_json::Value;

#[test]
fn the_list_has_every_item_by_kind() {
    let sandbox = Sandbox::new();
    let ran = sandbox.jackpot(&["plugin", "list"]).run().expect(0);
    let json = sandbox.jackpot(&["plugin", "list", "--json"]).run().expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let items = json["plugins"].as_array().unwrap();
    // docs/catalogue.md has them all; its own test compares.
    assert!(items.len() >= first_party().len(), "{json:#}");
    for name in items.iter().map(|item| item["name"].as_str().unwrap()) {
        let mut lines = ran.stdout.lines();
        assert!(
            lines.any(|line| line.split_whitespace().any(|word| word == name)),
            "{name}\n{ran}"
        );
    }
    let skips = sandbox.jackpot(&["plugin", "list", "--kind", "skip"]).run().expect(0);
    assert!(skips.stdout.contains("ghost-skip") && !skips.stdout.contains("swish"), "{skips}");
    let none = sandbox.jackpot(&["plugin", "list", "--kind", "skipp"]).run().expect(2);
    none.says(&[
        "architecture, activation, skip, init, augmentation, lr-schedule, loss, score, update",
    ]);
}

#[test]
fn the_list_names_the_files_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    sandbox.write("own/libempty.so", "");
    sandbox.write("own/libtext.so", "hello");
    sandbox.write("own/notes.txt", "hello");
    let folder = install().folder("unrelated");
    let ran = sandbox.with_fixtures(&["plugin", "list", "--plugin-dir", "own"]);
    let ran = ran.arg("--plugin-dir").arg(folder).run();
    let both = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(both.contains("libempty.so") && both.contains("the file is empty"), "{ran}");
    assert!(both.contains("libtext.so") && both.contains("it is no ELF file"), "{ran}");
    assert!(!both.contains("notes.txt"), "{ran}");
    assert!(both.contains("learned-slope") && both.contains("swish"), "{ran}");
}

#[test]
fn info_has_parameters_with_defaults_ranges_and_docs() {
    let sandbox = Sandbox::new();
    let ran = sandbox.jackpot(&["plugin", "info", "swish"]).run().expect(0);
    for text in [
        "activation swish",
        "x · sigmoid(β·x), Ramachandran et al. 2017.",
        "beta",
        "default 1",
        "from 0 to 1000000",
        "Steepness; large β approaches ReLU.",
        "libjackpot_swish.so",
        "plugin = \"swish\"",
    ] {
        assert!(ran.stdout.contains(text), "{text}\n{ran}");
    }
    let knobs = sandbox.jackpot(&["plugin", "info", "ghost-skip"]).run().expect(0);
    assert!(knobs.stdout.contains("alpha") && knobs.stdout.contains("may be left out"), "{knobs}");
    let json = sandbox.jackpot(&["plugin", "info", "swish", "--json"]).run().expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["kind"], &json["name"]), (&"activation".into(), &"swish".into()));
    assert_eq!(json["params"][0]["default"], 1.0);
    let near = sandbox.jackpot(&["plugin", "info", "swsh"]).run().expect(2);
    near.says(&["no plugin `swsh` was found; did you mean `swish`?", "searched:"]);
}

#[test]
fn the_search_goes_from_the_command_line_to_the_programs_folder() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let fixtures = install().folder("fixtures");
    let train = "activation = \"learned-slope\"";
    let config = Config::default().train(train).draw("levels = 0");
    let plan = |args: &[&str]| sandbox.jackpot(&["plan", "tiny.toml"]).args(args);
    sandbox.config(&config);
    let ran = plan(&[]).run().expect(2);
    let order = [install().plugins(), install().binary.parent().unwrap().to_owned()];
    let at = |folder: &Path| ran.stderr.find(folder.to_str().unwrap());
    assert!(at(&order[0]).is_some() && at(&order[1]).is_some(), "it says where it looked: {ran}");
    plan(&["--plugin-dir", fixtures.to_str().unwrap()]).run().expect(0);
    plan(&[]).env("JACKPOT_PLUGIN_PATH", &fixtures).run().expect(0);
    // In the config, relative to its folder.
    fs::create_dir(sandbox.at("beside")).unwrap();
    fs::copy(install().plugin("fixtures"), sandbox.at("beside/libx.so")).unwrap();
    let mut with_path = config.text();
    with_path.push_str("\n[plugins]\npath = [\"beside\"]\n");
    sandbox.write("tiny.toml", with_path);
    let config = sandbox.at("tiny.toml");
    sandbox.jackpot(&["plan"]).arg(config).current_dir(Path::new("/")).run().expect(0);
}

/// The first block of that language in the page for authors, which is what they begin with.
fn from_the_page(language: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/plugins.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, block) = page.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// Builds the crate in its own workspace and gives the time that took.
fn build(folder: &Path) -> f64 {
    let begun = Instant::now();
    stranger::build(folder);
    begun.elapsed().as_secs_f64()
}

#[test]
fn a_plugin_from_another_workspace_is_dropped_into_a_folder_and_used() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // Outside of the repository, or cargo would look for the package in its workspace.
    let outside = tempfile::tempdir().unwrap();
    let api = root.join("plugin-api").canonicalize().unwrap();
    let manifest = from_the_page("toml");
    assert!(manifest.contains("\"../jackpot/plugin-api\""), "{manifest}");
    let manifest = manifest.replace("../jackpot/plugin-api", api.to_str().unwrap());
    fs::write(outside.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(outside.path().join("src")).unwrap();
    let source = from_the_page("rust");
    assert!(source.lines().filter(|line| !line.trim().is_empty()).count() <= 20, "{source}");
    let draft = source.replace("\"my-swish\"", "\"my-draft\"");
    assert_ne!(draft, source);
    fs::write(outside.path().join("src/lib.rs"), draft).unwrap();
    // The same versions as here, which are known to be on this machine.
    fs::copy(root.join("Cargo.lock"), outside.path().join("Cargo.lock")).unwrap();
    build(outside.path());
    fs::write(outside.path().join("src/lib.rs"), source).unwrap();
    let seconds = build(outside.path());
    // Under two seconds on a quiet machine; others compile and test beside this.
    assert!(seconds < 10.0, "a warm build took {seconds:.1} s");

    let built = stranger::target().join("release/libmy_tweak.so");
    let dropped = sandbox.at("dropped/libmy_tweak.so");
    fs::create_dir(sandbox.at("dropped")).unwrap();
    fs::copy(&built, &dropped).unwrap();
    let stripped = Command::new("strip").arg(&dropped).status().unwrap();
    assert!(stripped.success());
    let size = fs::metadata(&dropped).unwrap().len();
    assert!(size <= 600_000, "{size} bytes stripped");

    let own = "{ plugin = \"my-swish\", params = { beta = 1.5 } }";
    let swish = "{ plugin = \"swish\", params = { beta = 1.5 } }";
    let config = Config::default()
        .draw("levels = 0")
        .spend("own", &format!("activation = {own}"))
        .spend("swish", &format!("activation = {swish}"));
    let mut text = config.text();
    text.push_str("\n[plugins]\npath = [\"dropped\"]\n");
    sandbox.write("tiny.toml", text);
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let model = |recipe: &str| {
        let job = format!("runs/tiny/spend/{recipe}/imp/seed-1/level-00");
        fs::read(sandbox.at(&job).join("model.safetensors")).unwrap()
    };
    assert_eq!(model("own"), model("swish"), "the same function gives the same bits");
    let manifest = fs::read_to_string(sandbox.at("runs/tiny/manifest.json")).unwrap();
    assert!(manifest.contains("my-swish"), "the plugin is noted:\n{manifest}");
}

#[test]
fn the_programs_own_plugins_are_all_there() {
    for name in first_party() {
        assert!(install().plugin(name).exists(), "{name}");
    }
}

#[test]
fn the_file_that_is_being_loaded_can_be_seen() {
    let ran = Program::new().args(["plugin", "list"]).env("JACKPOT_LOG", "jackpot=debug").run();
    let lines: Vec<&str> = ran.stderr.lines().filter(|line| line.contains(": loading ")).collect();
    let swish = lines.iter().filter(|line| line.ends_with("/libjackpot_swish.so")).count();
    assert_eq!(swish, 1, "{ran}");
}
