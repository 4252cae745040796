//! Masks that move during a training: gmp, set and rigl through the real program.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::tensors::{self, State, count};
use jackpot_tests::{Sandbox, data, files, results};
use serde_json::Value;

/// Four epochs of three steps; rigl, set and `turn` on tickets, gmp on the dense network.
fn moving() -> PathBuf {
    let exchange = |name: &str| {
        format!(
            "update = {{ plugin = \"{name}\", params = {{ every = \"2it\", stop = \"9it\" }} }}\n\
             levels = [1]"
        )
    };
    shared("moving-masks", |sandbox| {
        data::tensors(sandbox);
        let config =
            Config { train: "epochs = 4\nbatch_size = 16".to_owned(), ..Config::default() }
                .train("lr_schedule = \"cosine\"")
                .draw("keep = [0.3]")
                .spend("plain", "batch_size = 8")
                .spend("gmp", &format!("{}\nlevels = [0]", gmp("")))
                .spend("gmp-layers", &format!("{}\nlevels = [0]", gmp(", per_layer = true")))
                .spend("rigl", &exchange("rigl"))
                .spend("set", &exchange("set"))
                .spend("turn", "update = \"turn\"\nlevels = [1]\noptimizer = \"adamw\"")
                .spend("check", "update = \"check-update\"\nlevels = [1]");
        sandbox.run(&config).expect(0);
    })
    .join("runs/tiny")
}

/// Steps 0, 2, 4, 6 and 8 move the masks; the last epoch of three steps does not.
fn gmp(more: &str) -> String {
    format!(
        "update = {{ plugin = \"gmp\", \
         params = {{ keep = 0.1, every = \"2it\", end = \"8it\"{more} }} }}"
    )
}

fn job(recipe: &str, level: u32) -> String {
    format!("spend/{recipe}/imp/seed-1/level-{level:02}")
}

fn read(run: &Path, job: &str, name: &str) -> State {
    tensors::read(&run.join(job).join(format!("{name}.safetensors")))
}

fn metrics(folder: &Path, split: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["split"] == split).collect()
}

const RECIPES: [(&str, u32); 6] =
    [("gmp", 0), ("gmp-layers", 0), ("rigl", 1), ("set", 1), ("turn", 1), ("check", 1)];

fn kept(mask: &tensors::Stored) -> usize {
    mask.flags().into_iter().filter(|&kept| kept).count()
}

#[test]
fn the_density_over_time_is_the_schedules() {
    let run = moving();
    // After 3, 6, 9 and 12 steps; the last updates were at 2, 4 and 8:
    // 4716 · (0.1 + 0.9 · (3/4, 1/2, 0)³) = 2262.2, 1002.2, 471.6.
    let expected = [2262.0, 1002.0, 472.0, 472.0].map(|kept| kept / 4716.0);
    let rows = metrics(&run.join(job("gmp", 0)), "train");
    let found: Vec<f64> = rows.iter().map(|row| row["density"].as_f64().unwrap()).collect();
    assert_eq!(found, expected);
    let validation = metrics(&run.join(job("gmp", 0)), "validation");
    assert!(rows.iter().zip(&validation).all(|(a, b)| a["density"] == b["density"]));
    for recipe in ["rigl", "set", "turn"] {
        for row in metrics(&run.join(job(recipe, 1)), "train") {
            assert_eq!(row["density"].as_f64().unwrap(), 1415.0 / 4716.0, "{recipe}: {row}");
        }
    }
    let plain = metrics(&run.join(job("plain", 1)), "train");
    assert!(plain.iter().all(|row| row.get("density").is_none()), "nothing moves there");
}

#[test]
fn every_stored_state_has_its_own_mask() {
    let run = moving();
    for (recipe, level) in RECIPES {
        let job = job(recipe, level);
        for (weights, mask) in [("model", "mask"), ("best", "best-mask")] {
            let (weights, masks) = (read(&run, &job, weights), read(&run, &job, mask));
            assert_eq!(masks.len(), 7, "{job}");
            for (name, mask) in masks {
                let pairs = weights[&name].bits().into_iter().zip(mask.flags());
                for (bits, is_kept) in pairs {
                    // −0.0 has another bit pattern.
                    assert!(is_kept || bits == 0, "{job}: {name}");
                }
            }
        }
    }
    // The best ones here are from before the last update, and of other weights than the last.
    let early = |(recipe, level): &(&str, u32)| {
        let job = job(recipe, *level);
        read(&run, &job, "best-mask") != read(&run, &job, "mask")
    };
    assert!(RECIPES.iter().any(early), "no best state has another mask than the last one");
    let folder = run.join(job("plain", 1));
    assert!(!folder.join("best-mask.safetensors").exists(), "there is only one mask");
    assert!(!folder.join("start-mask.safetensors").exists());
}

#[test]
fn masks_begin_as_the_tickets_and_keep_each_layers_count() {
    let run = moving();
    let ticket = read(&run, "draw/imp/seed-1/level-01", "mask");
    for recipe in ["rigl", "set"] {
        let (start, end) =
            (read(&run, &job(recipe, 1), "start-mask"), read(&run, &job(recipe, 1), "mask"));
        assert_eq!(start, ticket);
        for (name, mask) in &ticket {
            assert_eq!(kept(&end[name]), kept(mask), "{recipe}: {name}");
        }
        assert_ne!(end, ticket, "{recipe} has moved them");
    }
    assert_ne!(read(&run, &job("rigl", 1), "mask"), read(&run, &job("set", 1), "mask"));
    let dense = read(&run, &job("gmp", 0), "start-mask");
    assert_eq!(count(&dense), (4716, 4716), "level 0 is dense");
    // `turn` moved each mask by four places.
    let turned = read(&run, &job("turn", 1), "mask");
    for (name, mask) in &ticket {
        let mut flags = mask.flags();
        flags.rotate_right(4);
        assert_eq!(turned[name].flags(), flags, "{name}");
    }
    // `check-update` drops one weight at steps 0, 2, …, 10.
    assert_eq!(count(&read(&run, &job("check", 1), "mask")).0, 1415 - 6);
}

#[test]
fn a_mask_of_gmp_per_layer_has_the_same_density_everywhere() {
    let run = moving();
    for (name, mask) in read(&run, &job("gmp-layers", 0), "mask") {
        let weights = mask.flags().len();
        assert_eq!(kept(&mask), (0.1 * weights as f64).round() as usize, "{name}");
    }
    let global = read(&run, &job("gmp", 0), "mask");
    let shares = global.values().map(|mask| kept(mask) as f64 / mask.flags().len() as f64);
    assert!(shares.into_iter().any(|share| share > 0.2), "one threshold for all layers");
}

#[test]
fn what_is_reported_is_of_the_reported_state() {
    let run = moving();
    let rows = results(&run);
    for (recipe, level) in RECIPES {
        let row = rows.iter().find(|row| row.folder() == job(recipe, level)).unwrap();
        let (kept, total) = count(&read(&run, &job(recipe, level), "best-mask"));
        assert_eq!(
            (row.number("weights_kept"), row.number("weights_total")),
            (kept as f64, total as f64)
        );
        let layers = fs::read_to_string(run.join(job(recipe, level)).join("layers.csv")).unwrap();
        let sum: u64 = layers
            .lines()
            .skip(1)
            .map(|l| l.split(',').nth(2).unwrap().parse::<u64>().unwrap())
            .sum();
        assert_eq!(sum, kept);
        // Networks that are larger than the last one do not count as the best.
        assert_eq!(kept, count(&read(&run, &job(recipe, level), "mask")).0, "{recipe}");
    }
    let row = |recipe: &str, level: u32| {
        rows.iter().find(|row| row.folder() == job(recipe, level)).unwrap()
    };
    assert_eq!(row("gmp", 0).number("sparsity"), 1.0 - 472.0 / 4716.0);
    assert!(row("gmp", 0).number("best_epoch") >= 3.0, "after the last update");
    assert!(row("gmp", 0).number("flops") < 0.5 * row("plain", 0).number("flops"));
    let difference =
        row("plain", 0).number("weights_training") - row("gmp", 0).number("weights_training");
    assert_eq!(difference, 4716.0 - 472.0);
}

#[test]
fn stored_weights_have_the_accuracy_that_was_reported() {
    let run = moving();
    let sandbox = Sandbox::copy_of(run.parent().unwrap().parent().unwrap());
    for which in ["best", "last"] {
        for (recipe, level) in RECIPES {
            let args = ["eval", "runs/tiny", "--weights", which, "--recipe", recipe, "--level"];
            let level = level.to_string();
            // No file of an update is needed: what the masks left is in the weights.
            let ran = sandbox.jackpot(&args).arg(&level).run().expect(0);
            let line = ran.stdout.lines().find(|line| line.contains(recipe)).unwrap();
            let cells: Vec<_> = line.split_whitespace().filter(|cell| cell.contains('.')).collect();
            assert_eq!(cells[0], *cells.last().unwrap(), "as stored: {ran}");
        }
    }
}

/// Trainings of twelve steps, 0.1 s each, with masks that move at most of them.
fn slow() -> Config {
    let slow = "{ plugin = \"slow\", params = { milliseconds = 100 } }";
    let update = |name: &str, params: &str| {
        let plugin = format!("{{ plugin = \"{name}\", params = {{ every = \"1it\", {params} }} }}");
        format!("levels = [1]\nepochs = 4\nupdate = {plugin}")
    };
    Config::default()
        .train(&format!("augmentation = [{slow}]"))
        .draw("keep = [0.3]")
        .spend("rigl", &update("rigl", "stop = \"9it\""))
        .spend("set", &update("set", "stop = 1.0"))
        .spend("gmp", &update("gmp", "keep = 0.1, initial = 0.3"))
}

/// What the states in a folder have: the second line of each.
fn parts_of_states(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let states = entries.filter(|path| path.extension().is_some_and(|end| end == "checkpoint"));
    let second = |path| {
        let bytes = fs::read(path).unwrap();
        let line = bytes.split(|&byte| byte == b'\n').nth(1).unwrap();
        String::from_utf8(line.to_vec()).unwrap()
    };
    states.map(second).collect()
}

#[test]
fn an_interrupted_training_goes_on_with_its_masks_to_the_same_bytes() {
    let sandbox = || {
        let sandbox = Sandbox::new();
        data::tensors(&sandbox);
        sandbox.config(&slow());
        sandbox
    };
    let (whole, pieces) = (sandbox(), sandbox());
    let start = |sandbox: &Sandbox| {
        sandbox.with_fixtures(&["run", "tiny.toml", "--log-format", "json"]).start()
    };
    start(&whole).wait().expect(0);
    // A stop saves the state; a kill does not, and must not lose what was saved before.
    let (stop, kill) = (libc::SIGINT, libc::SIGKILL);
    for (signal, recipe) in [(stop, "rigl"), (kill, "rigl"), (stop, "set"), (stop, "gmp")] {
        let mut running = start(&pieces);
        let series = pieces.at("runs/tiny/spend").join(recipe).join("imp/seed-1");
        running.wait_until(&format!("the training of {recipe}"), || {
            let entries = fs::read_dir(&series).into_iter().flatten().flatten();
            let mut names = entries.map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().contains(".tmp-"))
        });
        thread::sleep(Duration::from_millis(220));
        running.signal(signal);
        assert_ne!(running.wait().code, 0, "{recipe} is interrupted in the middle");
        let parts = parts_of_states(&series.join(".level-01.checkpoint"));
        assert!(!parts.is_empty(), "{recipe} has a state");
        assert!(parts.iter().all(|parts| parts.contains("\"mask\"")), "with its mask: {parts:?}");
    }
    start(&pieces).wait().expect(0);
    let of_run = |sandbox: &Sandbox| {
        let mut found = files::reproducible(&sandbox.at("runs/tiny"));
        // It has the data's absolute path.
        found.remove("config.toml");
        found
    };
    files::assert_same(&of_run(&pieces), &of_run(&whole));
}

#[test]
fn a_draw_with_an_update_prunes_what_is_left_and_its_tickets_are_what_it_began_with() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config::default()
        .train("update = { plugin = \"gmp\", params = { keep = 0.5, every = \"1it\" } }")
        .draw("levels = 1")
        .spend("still", "update = \"none\"\nlr_schedule = \"still\"\nepochs = 1");
    sandbox.run(&config).expect(0);
    let run = sandbox.at("runs/tiny");
    let mask = |job: &str, level: u32, name: &str| {
        read(&run, &format!("{job}/imp/seed-1/level-{level:02}"), name)
    };
    // 4716 · 0.5, of which level 1 prunes a fifth: 472.
    assert_eq!(count(&mask("draw", 0, "start-mask")), (4716, 4716));
    assert_eq!(count(&mask("draw", 0, "mask")), (2358, 4716));
    assert_eq!(count(&mask("draw", 1, "start-mask")), (1886, 4716));
    assert_eq!(count(&mask("draw", 1, "mask")), (1886, 4716));
    // A recipe without an update spends the tickets as they were before their own training.
    assert_eq!(count(&mask("spend/still", 0, "mask")), (4716, 4716));
    assert_eq!(mask("spend/still", 1, "mask"), mask("draw", 1, "start-mask"));
    assert!(!run.join("spend/still/imp/seed-1/level-00/start-mask.safetensors").exists());
}

/// Runs a config that is refused before anything is trained or written.
#[track_caller]
fn refused(update: &str, says: &[&str]) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config::default().spend("odd", &format!("update = {update}"));
    let ran = sandbox.run(&config).fits_on_a_screen().says(&["recipe `odd`"]);
    let ran = ran.says(says);
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
}

#[test]
fn parameters_that_cannot_be_are_refused_before_any_training() {
    let with =
        |name: &str, params: &str| format!("{{ plugin = \"{name}\", params = {{ {params} }} }}");
    refused(
        &with("gmp", "keep = 0.1, begin = 0.9, every = \"1it\""),
        &["`begin` (step 5) must come before `end` (step 5 of 6)"],
    );
    refused(
        &with("gmp", "keep = 0.5, initial = 0.2"),
        &["`keep` (0.5) must not be above `initial` (0.2)"],
    );
    refused(&with("gmp", "keep = 0.0, every = \"1it\""), &["its masks keep none"]);
    refused(
        &with("gmp", "keep = 0.1, end = 1.5"),
        &["parameter `end`: 1.5 is no share of the training"],
    );
    refused(
        &with("gmp", "keep = 0.1, every = \"0it\""),
        &["parameter `every`: 0it is no interval"],
    );
    refused(&with("rigl", "stop = \"soon\""), &["parameter `stop`: `soon` is no duration"]);
    // The default interval of 100 steps is longer than this training.
    refused("\"rigl\"", &["update rigl", "it would never act"]);
}
