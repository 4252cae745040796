//! Results that cannot be used, and errors that an item gives by itself.

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data};

use crate::{bad, failed, refused};

/// A line of `[train]` that names the bad item of a kind.
#[track_caller]
fn train(key: &str, kind: &str, how: &str) {
    let config = Config::default().train(&format!("{key} = {}", bad(kind, how)));
    refused(&config, &format!("{kind}: {how}"));
}

/// A line of a recipe that names the bad item of a kind.
#[track_caller]
fn recipe(key: &str, kind: &str, how: &str) {
    let config = Config::default().spend("odd", &format!("{key} = {}", bad(kind, how)));
    refused(&config, &format!("{kind}: {how}"));
}

#[test]
fn activations() {
    for how in ["panic", "shape", "dtype", "nan", "operator", "arguments", "type", "tensor"] {
        train("activation", "activation", how);
    }
    for how in ["random", "sparse", "empty", "hidden"] {
        train("activation", "activation", how);
    }
}

#[test]
fn a_device_that_is_not_there() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let item = bad("activation", "device");
    let ran = sandbox.run(&Config::default().train(&format!("activation = {item}"))).expect(1);
    // The rest is libtorch's, and depends on how it was built.
    let hook = "plugin activation bad-activation (libfixtures.so), hook `forward`: ";
    ran.fits_on_a_screen().says(&[&format!("error: [train]: {hook}`aten::to.device` failed: ")]);
}

#[test]
fn losses() {
    for how in ["vector", "dtype", "nan", "name"] {
        recipe("loss", "loss", how);
    }
    // Only at the end of the training, and still found before it.
    recipe("loss", "loss", "knob");
}

#[test]
fn rates() {
    for how in ["nan", "negative", "panic"] {
        train("lr_schedule", "schedule", how);
    }
}

#[test]
fn batches() {
    for how in ["dtype", "shape", "nan", "targets", "indices", "panic"] {
        train("augmentation", "augmentation", how);
    }
}

#[test]
fn graphs() {
    for how in ["attribute", "type", "operator", "shape", "output", "plugin", "error", "panic"] {
        let architecture = format!("architecture = {}", bad("architecture", how));
        refused(&Config::default().model(&architecture), &format!("architecture: {how}"));
    }
}

#[test]
fn edges() {
    for how in ["shape", "name", "knob", "prunable", "attribute"] {
        recipe("skip", "skip", how);
    }
}

#[test]
fn weights() {
    for how in ["error", "name", "shape", "nan", "question"] {
        let lines = format!("levels = [1]\ninit = {}", bad("init", how));
        let config = Config::default().spend("odd", &lines);
        failed(&config, "spend/odd/imp/seed-1/level-01", &format!("init: {how}"));
    }
    train("init", "init", "tensor");
}

#[test]
fn scores() {
    for how in ["nan", "missing", "shape", "panic"] {
        let config = Config::default().draw(&format!("levels = 2\nscore = {}", bad("score", how)));
        failed(&config, "draw/imp/seed-1/level-01", &format!("score: {how}"));
    }
}

#[test]
fn masks() {
    for how in ["dtype", "shape", "name", "empty", "set", "error", "panic", "never"] {
        recipe("update", "update", how);
    }
    // Only at the last step of the training, and still found before it.
    recipe("update", "update", "late");
}

#[test]
fn tensors_that_are_declared_wrongly() {
    for how in ["twice", "size", "nameless", "nan", "knob"] {
        let item = format!("{{ plugin = \"bad-tensors\", params = {{ how = \"{how}\" }} }}");
        let config = Config::default().train(&format!("activation = {item}"));
        refused(&config, &format!("tensors: {how}"));
    }
}
