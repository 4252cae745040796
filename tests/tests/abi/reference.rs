//! The reference plugin of ABI 1, as it was built when the ABI was declared, on today's host.

use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::install::{install, kept};
use jackpot_tests::messages::tells;
use jackpot_tests::tensors::read;
use jackpot_tests::{Program, Sandbox, data};
use serde_json::Value;

use crate::{alone, everything, run};

/// With the kept file among the plugins.
fn with_kept(sandbox: &Sandbox, args: &[&str]) -> Program {
    sandbox.jackpot(args).arg("--plugin-dir").arg(kept("1"))
}

#[test]
fn every_item_does_what_the_same_sources_do_when_built_today() {
    let (_, old) = run(Program::new(), &kept("1"), &everything());
    let (_, new) = run(Program::new(), &install().folder("reference"), &everything());
    // Two trainings of the draw and one of each of six recipes.
    assert_eq!(old.keys().filter(|path| path.ends_with("model.safetensors")).count(), 8);
    for (path, bytes) in &old {
        assert!(new[path] == *bytes, "{path} differs");
    }
    assert_eq!(old.len(), new.len());
}

#[test]
fn its_formulas_are_those_of_the_programs_own_plugins() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let swish = |name: &str| {
        format!("levels = [1]\nactivation = {{ plugin = \"{name}\", params = {{ beta = 1.5 }} }}")
    };
    let steps = |name: &str, first: &str| {
        format!(
            "levels = [1]\nlr_schedule = {{ plugin = \"{name}\", params = {{ milestones = \
             [{first}], gamma = 0.5 }} }}"
        )
    };
    let mut config = Config::default()
        .draw("name = \"imp\"\nlevels = 1")
        .spend("swish-kept", &swish("reference-swish"))
        .spend("swish-own", &swish("swish"))
        .spend("steps-kept", &steps("reference-steps", "\"1ep\""))
        .spend("steps-own", &steps("multi-step", "1"));
    config.draws.push("name = \"kept\"\nlevels = 1\nscore = \"reference-magnitude\"".to_owned());
    for spend in &mut config.spends {
        spend.push_str("\ndraw = [\"imp\"]");
    }
    sandbox.config(&config);
    with_kept(&sandbox, &["run", "tiny.toml"]).run().expect(0);
    let state = |path: &str| read(&sandbox.at("runs/tiny").join(path));
    for tweak in ["swish", "steps"] {
        let [old, own] = ["kept", "own"].map(|which| {
            state(&format!("spend/{tweak}-{which}/imp/seed-1/level-01/model.safetensors"))
        });
        assert_eq!(old, own, "{tweak}");
    }
    let plain = state("draw/imp/seed-1/level-01/model.safetensors");
    assert_ne!(plain, state("spend/swish-own/imp/seed-1/level-01/model.safetensors"));
    let [own, old] =
        ["imp", "kept"].map(|draw| state(&format!("draw/{draw}/seed-1/level-01/mask.safetensors")));
    assert_eq!(own, old, "|w|");
}

#[test]
fn its_knobs_follow_the_training() {
    let (_, trained) = run(Program::new(), &kept("1"), &everything());
    let rows = |job: &str| -> Vec<Value> {
        let bytes = &trained[&format!("{job}/metrics.jsonl")];
        let rows = std::str::from_utf8(bytes).unwrap().lines();
        let rows = rows.map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["split"] == "train").collect()
    };
    // At the last steps of the two epochs of three: steps 2 and 5 of 6.
    let rows = rows("spend/edges/imp/seed-1/level-01");
    for (row, (gate, alpha)) in rows.iter().zip([(2.0 / 6.0, 1.0 / 3.0), (5.0 / 6.0, 0.0)]) {
        let near =
            |name: &str, value: f64| (row["knobs"][name].as_f64().unwrap() - value).abs() < 1e-12;
        assert!(near("reference-slope.gate", gate), "{row}");
        assert!(near("reference-echo.alpha", alpha), "{row}");
        assert!(near("reference-noise.strength", 1.0 - gate), "{row}");
        assert!(near("reference-smoothed.penalty", 0.1 * (1.0 - gate)), "{row}");
    }
}

#[test]
fn its_failures_keep_their_words() {
    let told = |name: &str, config: Config| {
        let sandbox = Sandbox::new();
        data::tensors(&sandbox);
        sandbox.config(&config);
        let ran = with_kept(&sandbox, &["run", "tiny.toml"]).run();
        tells("reference", name, &ran, &sandbox.relative(&ran.stderr));
    };
    for how in ["panic", "throw", "operator", "dtype", "tensor"] {
        let item = format!("{{ plugin = \"reference-misdeed\", params = {{ how = \"{how}\" }} }}");
        told(how, Config::default().train(&format!("activation = {item}")));
    }
    let refusal =
        "{ plugin = \"reference-refusal\", params = { words = \"not with these weights\" } }";
    told("refusal", Config::default().draw("levels = 0").train(&format!("init = {refusal}")));
    let net = |params: &str| {
        let item = format!("{{ plugin = \"reference-net\", params = {{ {params} }} }}");
        Config::default().model(&format!("architecture = {item}"))
    };
    told("int", net("widths = [1, 2]"));
    told("bool", net("bias = 1"));
    told("float", net("deviation = 11"));
    told("choice", net("pooling = \"sum\""));
    told("list", net("shares = [0.5, \"half\"]"));
    told("any", net("notes = 3"));
    told("unknown", net("width = 4"));
    let steps = "{ plugin = \"reference-steps\", params = { milestones = [\"1ep\", \"soon\"] } }";
    told("duration", Config::default().train(&format!("lr_schedule = {steps}")));
    told(
        "no teacher",
        Config::default()
            .train("loss = { plugin = \"reference-smoothed\", params = { taught = true } }"),
    );
}

/// What `plugin info --json` says of the items that is the file's own: not where it is, and nothing that
/// the program adds.
fn manifest(folder: &Path) -> Value {
    let sandbox = Sandbox::new();
    let list = sandbox.jackpot(&["plugin", "list", "--json", "--plugin-dir"]).arg(folder).run();
    let list: Value = serde_json::from_str(&list.expect(0).stdout).unwrap();
    let names = list["plugins"].as_array().unwrap().iter();
    let names = names.map(|item| item["name"].as_str().unwrap().to_owned());
    let names = names.filter(|name| name.starts_with("reference-"));
    let info = |name: String| {
        let ran = sandbox.jackpot(&["plugin", "info", &name, "--json", "--plugin-dir"]).arg(folder);
        let mut item: Value = serde_json::from_str(&ran.run().expect(0).stdout).unwrap();
        for key in ["file", "sha256", "example", "tensors", "tensors_site"] {
            item.as_object_mut().unwrap().remove(key);
        }
        item
    };
    names.map(info).collect()
}

#[test]
fn its_manifest_reads_as_it_did() {
    let found = manifest(alone(&kept("1/libreference.so")).path());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi/1/manifest.json");
    if std::env::var_os("JACKPOT_TEST_MESSAGES").is_some_and(|mode| mode == "write") {
        fs::write(&path, format!("{found:#}\n")).unwrap();
    }
    let listed: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(found, listed);
}
