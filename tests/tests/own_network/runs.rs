//! Whole runs of the program on an exported network, and files that do not fit.

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Row, Sandbox, data, results, tensors};

use crate::golden;

const MODEL: &str = "architecture = { file = \"net.json\" }";

/// A sandbox with the data and the exported residual network, changed by `change`.
fn sandbox(change: impl FnOnce(String) -> String) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let graph = fs::read_to_string(golden("own_network-resnet.net.json")).unwrap();
    sandbox.write("net.json", change(graph));
    sandbox
}

/// Runs something that is refused before anything is trained.
#[track_caller]
fn refused(sandbox: &Sandbox, config: &Config) -> Ran {
    let ran = sandbox.run(config).fits_on_a_screen();
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    ran
}

fn row(sandbox: &Sandbox, recipe: &str) -> Row {
    let rows = results(&sandbox.at("runs/tiny"));
    let found = rows.into_iter().find(|r| r.get("recipe") == recipe && r.get("level") == "1");
    found.unwrap_or_else(|| panic!("no row of {recipe}"))
}

#[test]
fn it_is_drawn_and_spent_under_tweaks() {
    let sandbox = sandbox(|graph| graph);
    let config = Config::default()
        .model(MODEL)
        .draw("levels = 1")
        .spend("vanilla", "")
        .spend("smooth", "activation = \"mish\"")
        .spend("ghost", "skip = { plugin = \"ghost-skip\", params = { fade = \"1ep\" } }")
        .spend("wide", "skip = \"ghost-skip\"");
    sandbox.run(&config).expect(0);
    let row = |recipe: &str| row(&sandbox, recipe);
    let state = |recipe: &str| {
        let folder = sandbox.at("runs/tiny").join(row(recipe).folder());
        tensors::read(&folder.join("model.safetensors"))
    };
    // Convolutions of 108, 2 · 144, 288, 576 and 32 weights.
    assert_eq!(row("vanilla").number("weights_total"), 1292.0);
    assert_eq!(row("vanilla").number("weights_kept"), 1034.0);
    // The stored tensors are the module's state dict, whatever the recipe.
    let (vanilla, smooth) = (state("vanilla"), state("smooth"));
    let exported = tensors::read(&golden("own_network-resnet.weights.safetensors"));
    assert!(vanilla.keys().eq(exported.keys()) && smooth.keys().eq(exported.keys()));
    assert!(state("ghost").keys().eq(exported.keys()), "the faded connections are gone");
    assert_ne!(vanilla["fc.weight"], smooth["fc.weight"], "mish acts");
    assert_ne!(vanilla["fc.weight"], state("ghost")["fc.weight"], "the connections acted");
    // 1 × 1 convolutions of 2 · 16, 32 and 64 weights, and two for each of 4, 4, 8 and 8 channels.
    let added = row("wide").number("weights_training") - row("vanilla").number("weights_training");
    assert_eq!(added, (2 * 16 + 32 + 64 + 2 * (4 + 4 + 8 + 8)) as f64);
    let skips = state("wide").into_keys().filter(|name| name.starts_with("skip.layer"));
    assert_eq!(skips.count(), 4 * 6, "a weight and five of its normalisation");
}

#[test]
fn images_of_another_size_are_refused() {
    let sandbox = sandbox(|graph| graph.replace("[3, 8, 8]", "[3, 16, 16]"));
    let ran = refused(&sandbox, &Config::default().model(MODEL));
    ran.says(&["input `x`: takes [3, 16, 16], the images are [3, 8, 8]"]);
}

#[test]
fn a_size_that_the_network_itself_cannot_take_is_refused() {
    // A convolution of 9 × 9 without padding has no place on 8 × 8.
    let sandbox = sandbox(|graph| {
        let conv = "\"attrs\": {\"padding\": [1, 1]}}";
        assert!(graph.contains(conv));
        graph.replacen(conv, "\"attrs\": {\"dilation\": [4, 4]}}", 1)
    });
    let ran = refused(&sandbox, &Config::default().model(MODEL));
    ran.says(&["node `conv1`", "Kernel size can't be greater than actual input size"]);
}

#[test]
fn another_number_of_classes_is_refused() {
    let sandbox = sandbox(|graph| graph);
    fs::write(sandbox.at("data.safetensors"), data::tensors_file([64, 32], 7)).unwrap();
    let ran = refused(&sandbox, &Config::default().model(MODEL));
    ran.says(&["output `logits`", "[4]", "7 classes"]);
}
