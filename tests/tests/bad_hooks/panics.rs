//! A panic in every hook that the host calls, of all nine kinds.

use jackpot_tests::config::Config;

use crate::{failed, refused};

/// The item that panics in that hook, as a value in TOML.
fn item(hook: &str) -> String {
    format!("{{ plugin = \"panics\", params = {{ hook = \"{hook}\" }} }}")
}

#[track_caller]
fn train(key: &str, hooks: &[&str]) {
    for hook in hooks {
        let config = Config::default().train(&format!("{key} = {}", item(hook)));
        refused(&config, &format!("panic: {key}, {hook}"));
    }
}

#[test]
fn architectures() {
    for hook in ["build", "tensors"] {
        let model = format!("architecture = {}", item(hook));
        refused(&Config::default().model(&model), &format!("panic: architecture, {hook}"));
    }
}

#[test]
fn what_runs_in_every_step() {
    train("activation", &["forward", "knob", "tensors"]);
    train("augmentation", &["augment", "knob", "tensors"]);
    train("loss", &["loss", "knob", "tensors", "needs-teacher"]);
    train("lr_schedule", &["learning-rate", "tensors"]);
}

#[test]
fn what_acts_on_networks_and_masks() {
    for (key, hooks) in [
        ("skip", &["rewrite", "knob", "tensors"][..]),
        ("update", &["due", "replaces-step", "update", "tensors"]),
    ] {
        for hook in hooks {
            let config = Config::default().spend("odd", &format!("{key} = {}", item(hook)));
            refused(&config, &format!("panic: {key}, {hook}"));
        }
    }
}

#[test]
fn inits_and_scores() {
    train("init", &["tensors"]);
    let config =
        Config::default().spend("odd", &format!("levels = [1]\ninit = {}", item("initialize")));
    failed(&config, "spend/odd/imp/seed-1/level-01", "panic: init, initialize");
    for hook in ["rounds", "tensors"] {
        let config = Config::default().draw(&format!("levels = 1\nscore = {}", item(hook)));
        refused(&config, &format!("panic: score, {hook}"));
    }
    let config = Config::default().draw(&format!("levels = 1\nscore = {}", item("score")));
    failed(&config, "draw/imp/seed-1/level-01", "panic: score, score");
}

#[test]
fn reading_parameters() {
    let item = "{ plugin = \"panics-at-once\", params = { value = 3 } }";
    refused(&Config::default().train(&format!("activation = {item}")), "panic: parameters");
}
