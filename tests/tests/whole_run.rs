//! A whole run with the plugins that come with the program: what it prints and what it leaves.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::shared::shared;
use jackpot_tests::{Program, Sandbox, data, files, results, tensors};
use serde_json::Value;

/// Every first-party plugin, two seeds.
fn config() -> Config {
    Config::default()
        .top("seeds = [1, 2]")
        .train("lr_schedule = { plugin = \"multi-step\", params = { milestones = [1] } }")
        .train("augmentation = [{ plugin = \"crop-flip\", params = { padding = 1 } }]")
        .spend("vanilla", "")
        .spend(
            "tweaks",
            "activation = \"mish\"\n\
             skip = { plugin = \"ghost-skip\", params = { fade = \"1ep\" } }\n\
             loss = { plugin = \"label-smoothing\", params = { alpha = 0.1 } }\n\
             lr_schedule = \"cosine\"",
        )
        .spend("swish", "levels = [1]\nactivation = \"swish\"\nlr_schedule = \"none\"")
}

/// The run, and `stdout` and `stderr` of the program that made it.
fn whole() -> PathBuf {
    shared("whole-run", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&config());
        let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
        sandbox.write("stdout", ran.stdout);
        sandbox.write("stderr", ran.stderr);
    })
}

fn run() -> PathBuf {
    whole().join("runs/tiny")
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_run_directory_is_the_contracts() {
    let mut expected = BTreeSet::from(
        [
            "config.toml",
            "manifest.json",
            "timing.jsonl",
            "report.html",
            "results.csv",
            "results.md",
        ]
        .map(str::to_owned),
    );
    let names = [
        "job.json",
        "mask.safetensors",
        "model.safetensors",
        "best.safetensors",
        "metrics.jsonl",
        "layers.csv",
    ];
    for seed in [1, 2] {
        expected.insert(format!("draw/imp/seed-{seed}/init.safetensors"));
        let levels = |series: &str, levels: &[u32]| -> Vec<String> {
            levels.iter().map(|level| format!("{series}/seed-{seed}/level-{level:02}")).collect()
        };
        let jobs = [
            levels("draw/imp", &[0, 1, 2]),
            levels("spend/vanilla/imp", &[0, 1, 2]),
            levels("spend/tweaks/imp", &[0, 1, 2]),
            levels("spend/swish/imp", &[1]),
        ];
        for job in jobs.concat() {
            expected.extend(names.map(|name| format!("{job}/{name}")));
        }
    }
    let mut found: BTreeSet<String> = files::contents(&run()).into_keys().collect();
    found.retain(|path| !path.starts_with("plugins/"));
    assert_eq!(found, expected);
}

#[test]
fn the_plugins_in_use_are_kept_under_their_hashes() {
    let manifest = json(run().join("manifest.json"));
    let used = manifest["plugins"].as_array().unwrap();
    let names: BTreeSet<&str> = used.iter().map(|item| item["name"].as_str().unwrap()).collect();
    let all = [
        "cosine",
        "crop-flip",
        "ghost-skip",
        "label-smoothing",
        "magnitude",
        "mish",
        "multi-step",
        "resnet8",
        "swish",
    ];
    assert_eq!(names, BTreeSet::from(all));
    let kept = files::contents(&run().join("plugins"));
    let hashes: BTreeSet<String> =
        used.iter().map(|item| format!("{}.so", item["sha256"].as_str().unwrap())).collect();
    assert_eq!(kept.keys().cloned().collect::<BTreeSet<_>>(), hashes);
    for name in all.map(|item| if item == "resnet8" { "resnet" } else { item }) {
        let bytes = fs::read(install().plugin(&name.replace('-', "_"))).unwrap();
        assert!(kept.values().any(|copy| *copy == bytes), "{name} is not in plugins/");
    }
}

#[test]
fn the_manifest_says_what_the_run_was_made_with() {
    let manifest = json(run().join("manifest.json"));
    assert_eq!(manifest["device"], "cpu");
    assert_eq!(manifest["precision"], "f32");
    assert_eq!(manifest["threads"], 1);
    assert_eq!(manifest["dataset_sha256"].as_str().unwrap().len(), 64);
    assert!(
        manifest["versions"]["jackpot"].is_string() && manifest["versions"]["torch"].is_string()
    );
    let lines = manifest["command_lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].as_array().unwrap()[1..], ["run", "tiny.toml"]);
}

#[test]
fn results_have_a_row_for_every_job() {
    let rows = results(&run());
    assert_eq!(rows.len(), 2 * (3 + 3 + 3 + 1));
    for row in &rows {
        let folder = row.folder();
        let job = json(run().join(&folder).join("job.json"));
        let linked = row.get("recipe") == "vanilla";
        assert_eq!(row.get("status"), if linked { "linked" } else { "done" }, "{folder}");
        assert_eq!(job["status"], row.get("status"), "{folder}");
        for column in [
            "test_accuracy",
            "test_accuracy_last",
            "validation_accuracy",
            "test_loss",
            "best_epoch",
            "weights_kept",
            "weights_total",
            "weights_training",
            "flops",
            "test_calibration_error",
            "weights_exported",
            "training_flops",
        ] {
            let stored = job["results"][column].as_f64().unwrap();
            assert_eq!(row.number(column), stored, "{folder}: {column}");
        }
        assert_eq!(row.get("precision"), "f32");
        // 4716 prunable weights: 3·4·9 + 2·4·4·9 + 4·8·9 + 8·8·9 + 8·16·9 + 16·16·9.
        assert_eq!(row.number("weights_total"), 4716.0);
        let accuracy = row.number("test_accuracy");
        assert!((0.0..=1.0).contains(&accuracy) && (accuracy * 32.0).fract() == 0.0, "{accuracy}");
        assert!((1.0..=2.0).contains(&row.number("best_epoch")));
    }
}

#[test]
fn a_tweak_with_permanent_edges_trains_more_weights_and_a_faded_one_leaves_none() {
    let rows = results(&run());
    let of = |recipe: &str| {
        let found = rows.iter().find(|row| row.get("recipe") == recipe && row.get("level") == "1");
        found.unwrap().clone()
    };
    let (vanilla, tweaks) = (of("vanilla"), of("tweaks"));
    assert!(tweaks.number("weights_training") >= vanilla.number("weights_training"));
    // What is left of either is the same network, and of the training the skip was a part.
    assert_eq!(vanilla.number("weights_exported"), vanilla.number("weights_training"));
    assert_eq!(tweaks.number("weights_exported"), vanilla.number("weights_exported"));
    assert!(tweaks.number("weights_training") > tweaks.number("weights_exported"));
    // Two epochs; the skip acts at the beginning of the first.
    let epochs =
        |row: &jackpot_tests::Row| row.number("training_flops") / (3.0 * row.number("flops"));
    assert_eq!(epochs(&vanilla) % 2.0, 0.0);
    assert!(epochs(&tweaks) > epochs(&vanilla), "{tweaks:?}");
    let names = |row: &jackpot_tests::Row| -> BTreeSet<String> {
        tensors::read(&run().join(row.folder()).join("model.safetensors")).into_keys().collect()
    };
    assert_eq!(names(&vanilla), names(&tweaks), "a skip that has faded is not stored");
}

#[test]
fn metrics_have_rows_for_every_epoch_and_split() {
    let row = results(&run()).into_iter().find(|row| row.get("recipe") == "tweaks").unwrap();
    let text = fs::read_to_string(run().join(row.folder()).join("metrics.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let splits: Vec<_> = rows.iter().map(|row| row["split"].as_str().unwrap()).collect();
    assert_eq!(splits, ["train", "validation", "train", "validation", "test"]);
    let train: Vec<_> = rows.iter().filter(|row| row["split"] == "train").collect();
    // 48 images in batches of 16.
    assert_eq!([&train[0]["step"], &train[1]["step"]], [3, 6]);
    assert_eq!([&train[0]["epoch"], &train[1]["epoch"]], [1, 2]);
    // α falls from 1 to 0 in three steps; at the last step of epoch 1 it is 1/3.
    assert_eq!(train[0]["knobs"]["ghost-skip.alpha"].as_f64(), Some(1.0 / 3.0));
    assert_eq!(train[1]["knobs"]["ghost-skip.alpha"].as_f64(), Some(0.0));
    // Half a cosine over six steps, at its last one.
    let last = 0.1 * (1.0 + (std::f64::consts::PI * 5.0 / 6.0).cos()) / 2.0;
    assert!((train[1]["lr"].as_f64().unwrap() - last).abs() < 1e-12);
    for row in &rows {
        assert!(row["loss"].is_f64() && row["accuracy"].is_number(), "{row}");
    }
}

#[test]
fn layers_add_up_to_the_results() {
    for row in results(&run()) {
        let text = fs::read_to_string(run().join(row.folder()).join("layers.csv")).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some("layer,weights,kept,dead_output_channels,dead_input_channels")
        );
        let cells = lines.map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let cells: Vec<_> = cells.collect();
        assert_eq!(cells.len(), 7, "the convolutions of resnet8");
        let sum = |column: usize| -> f64 {
            cells.iter().map(|cells| cells[column].parse::<f64>().unwrap()).sum()
        };
        assert_eq!(sum(1), row.number("weights_total"));
        assert_eq!(sum(2), row.number("weights_kept"));
    }
}

#[test]
fn vanilla_is_the_draws_own_training_and_not_repeated() {
    for level in 0..=2 {
        let spend = format!("spend/vanilla/imp/seed-1/level-{level:02}");
        let draw = format!("draw/imp/seed-1/level-{level:02}");
        let job = json(run().join(&spend).join("job.json"));
        assert_eq!(job["linked_to"]["kind"], "draw");
        assert_eq!(job["linked_to"]["level"], level);
        for name in ["model.safetensors", "best.safetensors", "metrics.jsonl"] {
            let real = |folder: &str| run().join(folder).join(name).canonicalize().unwrap();
            assert_eq!(real(&spend), real(&draw));
        }
    }
    // One training each: 2 seeds × (3 draws + 3 tweaks + 1 swish).
    let timing = fs::read_to_string(run().join("timing.jsonl")).unwrap();
    assert_eq!(timing.lines().count(), 14);
}

#[test]
fn the_table_compares_the_recipes_at_every_level() {
    let stdout = fs::read_to_string(whole().join("stdout")).unwrap();
    for word in ["vanilla", "tweaks", "swish"] {
        assert!(stdout.contains(word), "{stdout}");
    }
    // Sparsity as counted: 4716 → 3773 → 3018.
    for sparsity in ["20.0", "36.0"] {
        assert!(stdout.contains(sparsity), "{sparsity}\n{stdout}");
    }
    assert!(!stdout.contains('\x1b'), "no colours where there is no terminal");
    let stderr = fs::read_to_string(whole().join("stderr")).unwrap();
    assert!(!stderr.contains('\x1b') && !stderr.contains('\r'), "no bars either:\n{stderr}");
    assert!(stderr.contains("runs/tiny/report.html"), "{stderr}");
}

#[test]
fn the_report_can_be_made_again() {
    let sandbox = Sandbox::new();
    let ran = sandbox.jackpot(&["report", "-o", "out"]).arg(run()).run().expect(0);
    assert_eq!(ran.stdout, fs::read_to_string(whole().join("stdout")).unwrap());
    let made = files::contents(&sandbox.at("out"));
    let names: Vec<_> = made.keys().map(String::as_str).collect();
    assert_eq!(names, ["report.html", "results.csv", "results.md"]);
    assert_eq!(made["results.csv"], fs::read(run().join("results.csv")).unwrap());
}

#[test]
fn running_again_does_nothing() {
    let sandbox = Sandbox::copy_of(&whole());
    let jobs = |stamps: std::collections::BTreeMap<String, (u64, i64, i64)>| {
        let jobs = |path: &String| path.starts_with("draw/") || path.starts_with("spend/");
        stamps.into_iter().filter(|(path, _)| jobs(path)).collect::<Vec<_>>()
    };
    let run = sandbox.at("runs/tiny");
    let before = (files::stamps(&run), files::reproducible(&run));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    assert_eq!(ran.stdout, fs::read_to_string(whole().join("stdout")).unwrap());
    assert_eq!(jobs(files::stamps(&run)), jobs(before.0));
    files::assert_same(&files::reproducible(&run), &before.1);
    let timing = fs::read_to_string(run.join("timing.jsonl")).unwrap();
    assert_eq!(timing.lines().count(), 14, "nothing was trained");
}

#[test]
fn the_resolved_config_gives_the_same_run() {
    let sandbox = Sandbox::copy_of(&whole());
    fs::copy(sandbox.at("runs/tiny/config.toml"), sandbox.at("resolved.toml")).unwrap();
    let ran = sandbox.jackpot(&["plan", "resolved.toml", "--out", "runs/tiny"]).run().expect(0);
    assert!(ran.stdout.contains("20 jobs"), "{ran}");
    sandbox.jackpot(&["run", "resolved.toml", "--out", "runs/tiny"]).run().expect(0);
    let timing = fs::read_to_string(sandbox.at("runs/tiny/timing.jsonl")).unwrap();
    assert_eq!(timing.lines().count(), 14, "nothing was trained");
}

#[test]
fn stored_weights_have_the_accuracy_that_was_reported() {
    let row = results(&run()).into_iter().find(|row| row.folder().ends_with("level-02")).unwrap();
    let sandbox = Sandbox::new();
    let args = ["--level", "2", "--draw", "imp", "--weights", "last"];
    let ran = sandbox.jackpot(&["eval"]).arg(run()).args(args).run().expect(0);
    let percent = format!("{:.2}", 100.0 * row.number("test_accuracy_last"));
    assert!(ran.stdout.contains(&percent), "{percent}\n{ran}");
}

#[test]
fn the_outputs_of_stored_weights_can_be_had() {
    let sandbox = Sandbox::new();
    let weights = run().join("draw/imp/seed-1/level-01/model.safetensors");
    let ran =
        sandbox.jackpot(&["eval"]).arg(weights).arg("--config").arg(whole().join("tiny.toml"));
    ran.args(["--logits", "logits.safetensors"]).run().expect(0);
    let logits = &tensors::read(&sandbox.at("logits.safetensors"))["logits"];
    assert_eq!(logits.shape, [32, 4], "test images and classes");
    // The images' classes are 0, 1, 2, 3, 0, …
    let logits = logits.floats();
    let rows = logits.chunks(4).enumerate();
    let right = rows.filter(|(image, row)| (0..4).all(|class| row[class] <= row[image % 4]));
    let row = results(&run()).into_iter().find(|row| row.folder().ends_with("seed-1/level-01"));
    assert_eq!(right.count() as f64 / 32.0, row.unwrap().number("test_accuracy_last"));
}

#[test]
fn help_and_version_need_nothing() {
    let help = Program::new().arg("--help").run().expect(0);
    for command in ["run", "draw", "spend", "plan", "status", "report", "eval", "plugin", "data"] {
        assert!(help.stdout.contains(&format!("\n  {command}")), "{help}");
    }
    let version = Program::new().arg("--version").run().expect(0);
    assert!(version.stdout.starts_with("jackpot 0."), "{version}");
    Program::new().arg("rum").run().expect(2).says(&["run"]);
}
