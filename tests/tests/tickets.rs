//! Masks and weights on disk, bit for bit.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::tensors::{self, State, count, masked};
use jackpot_tests::{Sandbox, data, results};

/// A recipe whose training ends where it began: rate 0, no momentum, no weight decay.
const STILL: &str =
    "lr_schedule = \"still\"\noptimizer = { momentum = 0.0, weight_decay = 0.0 }\nepochs = 1";

/// A run with tickets rewound to the initialisation and to step 2, spent as they are.
fn tickets() -> PathBuf {
    shared("tickets", |sandbox| {
        data::tensors(sandbox);
        let config = Config::default()
            .top("seeds = [1, 2]")
            .draw("levels = 3\nrewind = [\"init\", \"2it\"]")
            .spend("still", STILL)
            .spend("layerwise", &format!("mask = \"shuffled-layerwise\"\n{STILL}"))
            .spend("global", &format!("mask = \"shuffled-global\"\n{STILL}"))
            .spend("pinned", &format!("ticket_seed = 2\n{STILL}"));
        sandbox.run(&config).expect(0);
    })
    .join("runs/tiny")
}

const DRAWS: [&str; 2] = ["imp@init", "imp@2it"];

fn read(run: &Path, job: &str, name: &str) -> State {
    tensors::read(&run.join(job).join(format!("{name}.safetensors")))
}

fn draw(draw: &str, seed: u32, level: u32) -> String {
    format!("draw/{draw}/seed-{seed}/level-{level:02}")
}

fn spend(recipe: &str, draw: &str, seed: u32, level: u32) -> String {
    format!("spend/{recipe}/{draw}/seed-{seed}/level-{level:02}")
}

/// The weights that a draw rewinds to.
fn rewound(run: &Path, draw: &str, seed: u32) -> State {
    let name = if draw.ends_with("init") { "init" } else { "rewind" };
    read(run, &format!("draw/{draw}/seed-{seed}"), name)
}

/// Every job's folder.
fn jobs(run: &Path) -> Vec<String> {
    let rows = results(run);
    // 2 draws × 2 seeds × 4 levels, and as many of each of four recipes.
    assert_eq!(rows.len(), 5 * 16);
    rows.iter().map(jackpot_tests::Row::folder).collect()
}

#[test]
fn sparsity_counted_from_the_file_is_what_is_printed() {
    let run = tickets();
    for row in results(&run) {
        let (kept, total) = count(&read(&run, &row.folder(), "mask"));
        assert_eq!(row.number("weights_kept"), kept as f64);
        assert_eq!(row.number("weights_total"), total as f64);
        let sparsity = 1.0 - kept as f64 / total as f64;
        assert_eq!(row.get("sparsity"), sparsity.to_string(), "to the last digit");
    }
}

#[test]
fn pruned_weights_are_plus_zero_and_all_others_are_there() {
    let run = tickets();
    for job in jobs(&run) {
        let masks = read(&run, &job, "mask");
        assert_eq!(masks.len(), 7, "the convolutions of resnet8");
        for name in ["model", "best"] {
            let weights = read(&run, &job, name);
            for (layer, mask) in &masks {
                let weight = &weights[layer];
                assert_eq!(weight.shape, mask.shape);
                for (bits, kept) in weight.bits().into_iter().zip(mask.flags()) {
                    // −0.0 has another bit pattern.
                    assert!(kept || bits == 0, "{job}: {layer} of {name}: {bits:#x}");
                }
            }
        }
    }
}

#[test]
fn starting_weights_are_the_rewound_ones_under_the_mask() {
    let run = tickets();
    for (draw, seed, level) in all() {
        for recipe in ["still", "layerwise", "global", "pinned"] {
            let job = spend(recipe, draw, seed, level);
            let seed = if recipe == "pinned" { 2 } else { seed };
            // Level 0 is the dense network: it starts at its initialisation.
            let draw = if level == 0 { "imp@init" } else { draw };
            let start = rewound(&run, draw, seed);
            let (masks, weights) = (read(&run, &job, "mask"), read(&run, &job, "model"));
            let parameters = weights.keys().filter(|name| is_parameter(name));
            assert!(parameters.clone().count() > masks.len());
            for name in parameters {
                let expected = masked(&masks, &start, name);
                assert_eq!(weights[name].bits(), expected, "{job}: {name}");
            }
        }
    }
}

#[test]
fn the_rewound_weights_are_those_of_the_dense_training() {
    let run = tickets();
    for seed in [1, 2] {
        let init = read(&run, &format!("draw/imp@init/seed-{seed}"), "init");
        let other = read(&run, &format!("draw/imp@2it/seed-{seed}"), "init");
        assert_eq!(init, other, "both draws begin with the same network");
        let late = rewound(&run, "imp@2it", seed);
        let trained = read(&run, &draw("imp@2it", seed, 0), "model");
        for name in init.keys().filter(|name| is_parameter(name)) {
            assert_ne!(late[name], init[name], "two steps change {name}");
            assert_ne!(late[name], trained[name], "four more steps change {name}");
        }
        // The running statistics rewind as well: two batches were seen.
        let batches = &late["bn1.num_batches_tracked"].bytes;
        assert_eq!(i64::from_le_bytes(batches.as_slice().try_into().unwrap()), 2);
        let model = |name: &str| fs::read(run.join(draw(name, seed, 0)).join("model.safetensors"));
        assert_eq!(model("imp@init").unwrap(), model("imp@2it").unwrap());
        assert!(!run.join(format!("draw/imp@init/seed-{seed}/rewind.safetensors")).exists());
    }
}

#[test]
fn the_weights_after_two_steps_are_those_of_a_training_that_ends_there() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    // The rate is 0 from step 2 on: the weights stay as they were after two steps.
    let config = Config::default()
        .train("lr_schedule = { plugin = \"cut\", params = { after = \"2it\" } }")
        .train("optimizer = { momentum = 0.9, weight_decay = 0.0 }")
        .draw("levels = 1\nrewind = \"2it\"");
    sandbox.run(&config).expect(0);
    let run = sandbox.at("runs/tiny");
    let (late, model) = (rewound(&run, "imp", 1), read(&run, &draw("imp", 1, 0), "model"));
    for name in late.keys().filter(|name| is_parameter(name)) {
        assert_eq!(late[name], model[name], "{name}");
    }
}

#[test]
fn masks_are_nested_and_a_pruned_weight_never_returns() {
    let run = tickets();
    for draw_name in DRAWS {
        for seed in [1, 2] {
            let masks = |level| read(&run, &draw(draw_name, seed, level), "mask");
            let (kept, total) = count(&masks(0));
            assert_eq!(kept, total, "level 0 is dense");
            for level in 1..=3 {
                let (before, after) = (masks(level - 1), masks(level));
                for (name, mask) in &after {
                    let pairs = before[name].flags().into_iter().zip(mask.flags());
                    assert!(pairs.clone().all(|(before, after)| before || !after), "{name}");
                }
                assert!(count(&after).0 < count(&before).0);
            }
        }
    }
}

#[test]
fn the_smallest_weights_over_all_layers_are_pruned() {
    let run = tickets();
    for (draw_name, seed, level) in all().filter(|(_, _, level)| *level > 0) {
        let before = read(&run, &draw(draw_name, seed, level - 1), "mask");
        let trained = read(&run, &draw(draw_name, seed, level - 1), "model");
        let after = read(&run, &draw(draw_name, seed, level), "mask");
        let (mut kept, mut pruned) = (Vec::new(), Vec::new());
        for (name, mask) in &after {
            let old = before[name].flags();
            for ((weight, was), is) in trained[name].floats().into_iter().zip(old).zip(mask.flags())
            {
                match (was, is) {
                    (true, true) => kept.push(weight.abs()),
                    (true, false) => pruned.push(weight.abs()),
                    _ => {}
                }
            }
        }
        let least = kept.into_iter().fold(f32::INFINITY, f32::min);
        let largest = pruned.into_iter().fold(0.0, f32::max);
        assert!(largest <= least, "{draw_name} level {level}: {largest} was pruned, {least} kept");
    }
}

#[test]
fn a_spend_keeps_its_tickets_mask() {
    let run = tickets();
    for (draw_name, seed, level) in all() {
        let own = read(&run, &draw(draw_name, seed, level), "mask");
        assert_eq!(read(&run, &spend("still", draw_name, seed, level), "mask"), own);
        let pinned = read(&run, &draw(draw_name, 2, level), "mask");
        assert_eq!(read(&run, &spend("pinned", draw_name, seed, level), "mask"), pinned);
    }
}

#[test]
fn shuffled_masks_keep_as_many_weights_elsewhere() {
    let run = tickets();
    for (draw_name, seed, level) in all() {
        let own = read(&run, &draw(draw_name, seed, level), "mask");
        let layerwise = read(&run, &spend("layerwise", draw_name, seed, level), "mask");
        let global = read(&run, &spend("global", draw_name, seed, level), "mask");
        assert_eq!(count(&global), count(&own));
        let kept = |masks: &State| -> Vec<usize> {
            masks
                .values()
                .map(|mask| mask.flags().into_iter().filter(|&kept| kept).count())
                .collect()
        };
        assert_eq!(kept(&layerwise), kept(&own));
        if level == 0 {
            assert_eq!((&layerwise, &global), (&own, &own), "there is nothing to shuffle");
        } else {
            assert_ne!(layerwise, own);
            assert_ne!(kept(&global), kept(&own));
        }
    }
}

#[test]
fn sixteen_levels_keep_what_the_documented_rounding_says() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config {
        train: "epochs = 1\nbatch_size = 64\nlr_schedule = \"still\"".to_owned(),
        ..Config::default()
    };
    sandbox.run(&config.draw("levels = 16\nscore = \"position\"")).expect(0);
    let run = sandbox.at("runs/tiny");
    // round(0.2 · remaining), halves away from zero, pruned at each level; by hand:
    let kept = [
        4716, 3773, 3018, 2414, 1931, 1545, 1236, 989, 791, 633, 506, 405, 324, 259, 207, 166, 133,
    ];
    for (level, expected) in (0..).zip(kept) {
        let masks = read(&run, &draw("imp", 1, level), "mask");
        assert_eq!(count(&masks), (expected, 4716), "level {level}");
    }
    // The score keeps the last weights in state-dict order: of 2304 in the last layer, 133.
    let last = read(&run, &draw("imp", 1, 16), "mask");
    let flags: Vec<bool> = [
        "conv1.weight",
        "layer1.0.conv1.weight",
        "layer1.0.conv2.weight",
        "layer2.0.conv1.weight",
        "layer2.0.conv2.weight",
        "layer3.0.conv1.weight",
        "layer3.0.conv2.weight",
    ]
    .iter()
    .flat_map(|name| last[*name].flags())
    .collect();
    assert!(flags[..4716 - 133].iter().all(|kept| !kept));
    assert!(flags[4716 - 133..].iter().all(|kept| *kept));
}

#[test]
fn densities_are_shares_of_all_prunable_weights() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let draw_text = "keep = [0.5, 0.1, 0.01]\nprunable = [\"conv\", \"linear\", \"!conv1.*\"]";
    sandbox.run(&Config::default().draw(draw_text)).expect(0);
    let run = sandbox.at("runs/tiny");
    // 4716 − 108 of the first convolution + 16·4 of the linear layer.
    let total = 4716 - 108 + 64;
    for (level, kept) in [(0, total), (1, 2336), (2, 467), (3, 47)] {
        let masks = read(&run, &draw("imp", 1, level), "mask");
        assert_eq!(count(&masks), (kept, total), "level {level}");
        assert!(masks.contains_key("linear.weight") && !masks.contains_key("conv1.weight"));
    }
}

#[test]
fn more_levels_than_weights_is_an_error_before_training() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config { train: "epochs = 1\nbatch_size = 64".to_owned(), ..Config::default() };
    let draw_text = "levels = 3\nfraction = 0.97\nprunable = [\"conv1.weight\"]";
    // 108 → 3 → 0.
    let ran = sandbox.run(&config.draw(draw_text)).expect(2).fits_on_a_screen();
    ran.says(&["level 2 would keep none of the 108 prunable weights"]);
    assert!(!sandbox.at("runs/tiny").exists());
}

fn all() -> impl Iterator<Item = (&'static str, u32, u32)> {
    let seeds = |draw| [1, 2].into_iter().map(move |seed| (draw, seed));
    DRAWS.into_iter().flat_map(seeds).flat_map(|(draw, seed)| (0..4).map(move |k| (draw, seed, k)))
}

/// Not a running statistic.
fn is_parameter(name: &str) -> bool {
    !name.contains("running_") && !name.ends_with("num_batches_tracked")
}
