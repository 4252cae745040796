//! Plugins that do what they must not: the message names plugin, file and hook, and nothing of the
//! job is left behind.

#![allow(clippy::unwrap_used, reason = "tests")]

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Sandbox, data};

/// The item of a kind with its misdeed, as a value in TOML.
fn bad(kind: &str, how: &str) -> String {
    format!("{{ plugin = \"bad-{kind}\", params = {{ how = \"{how}\" }} }}")
}

/// Runs a config that is refused before anything is trained or written.
#[track_caller]
fn refused(config: &Config) -> Ran {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = sandbox.run(config).fits_on_a_screen();
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    assert_eq!(ran.stdout, "", "{ran}");
    ran
}

/// Runs a config of which a job fails; fails if there is anything of that job but the note.
#[track_caller]
fn failed(config: &Config, job: &str) -> Ran {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = sandbox.run(config).expect(1).fits_on_a_screen();
    let place = sandbox.at("runs/tiny").join(job);
    assert!(!place.exists(), "{} is there: {ran}", place.display());
    let note = std::fs::read_to_string(place.with_extension("failed.json")).unwrap();
    let note: serde_json::Value = serde_json::from_str(&note).unwrap();
    let error = note["error"].as_str().unwrap().to_owned();
    assert!(ran.stderr.contains(error.lines().next().unwrap()), "{error}\n{ran}");
    let status = sandbox.jackpot(&["status", "runs/tiny"]).run().expect(0);
    assert!(status.stdout.contains("failed"), "{status}");
    ran
}

fn activation(how: &str) -> Ran {
    refused(&Config::default().train(&format!("activation = {}", bad("activation", how))))
}

const ACTIVATION: &str = "plugin activation bad-activation (libfixtures.so), hook `forward`: ";

#[test]
fn a_hook_that_panics() {
    activation("panic").says(&[ACTIVATION, "panicked at", "activation.rs", "no luck today"]);
}

#[test]
fn a_wrong_shape() {
    activation("shape").says(&[
        ACTIVATION,
        "the result has shape [1, 16, 4, 8, 8] and dtype Float; it must have shape [16, 4, 8, 8]",
    ]);
}

#[test]
fn a_wrong_dtype() {
    activation("dtype").says(&[ACTIVATION, "dtype Double; it must have", "dtype Float"]);
}

#[test]
fn a_result_that_is_nan() {
    activation("nan").says(&["the loss is NaN", "the first value that is not finite", "`relu`"]);
}

#[test]
fn an_operator_that_does_not_exist() {
    activation("operator").says(&[ACTIVATION, "aten::no_such_operator"]);
}

#[test]
fn arguments_that_do_not_fit() {
    activation("arguments").says(&[ACTIVATION, "aten::relu"]);
}

#[test]
fn a_tensor_that_was_never_declared() {
    activation("tensor").says(&[ACTIVATION, "never-declared"]);
}

#[test]
fn a_hook_that_fails_late_fails_its_job_alone() {
    let how = "{ plugin = \"bad-activation\", params = { how = \"panic\", from = 4 } }";
    let config = Config::default().spend("late", &format!("levels = [1]\nactivation = {how}"));
    let config = config.spend("good", "levels = [1]\nactivation = \"mish\"");
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = sandbox.run(&config).expect(1).fits_on_a_screen();
    assert!(sandbox.at("runs/tiny/spend/good/imp/seed-1/level-01/job.json").exists());
    let ran = ran.says(&["1 job failed", "spend late on imp seed 1 level 01", "no luck today"]);
    assert!(ran.stdout.contains("good"), "the others are reported: {ran}");
    failed(&config, "spend/late/imp/seed-1/level-01");
}

#[test]
fn losses_that_are_not_one_number() {
    let loss = |how: &str| {
        refused(&Config::default().spend("odd", &format!("loss = {}", bad("loss", how))))
    };
    const LOSS: &str = "plugin loss bad-loss (libfixtures.so), hook `loss`: ";
    loss("vector").says(&["recipe `odd`", LOSS, "shape [16]", "it must have shape []"]);
    loss("dtype").says(&[
        "recipe `odd`",
        LOSS,
        "dtype Double; it must have shape [] and dtype Float",
    ]);
    loss("nan").says(&["recipe `odd`", "the loss is NaN", "it comes from the loss"]);
    loss("name").says(&["recipe `odd`", LOSS, "teacher", "there are: logits"]);
    // Only at the end of the training, and still found before it.
    loss("knob").says(&["bad-loss", "hook `knob`", "the knob `strength` is inf at step 5"]);
}

#[test]
fn a_loss_that_becomes_nan() {
    let config = Config::default().train(&format!("loss = {}", bad("loss", "late-nan")));
    failed(&config, "draw/imp/seed-1/level-00").says(&["the loss is NaN at step 2 (epoch 1)"]);
}

#[test]
fn rates_that_are_none() {
    let rate = |how: &str| {
        refused(&Config::default().train(&format!("lr_schedule = {}", bad("schedule", how))))
    };
    const RATE: &str = "plugin lr-schedule bad-schedule (libfixtures.so), hook `learning-rate`: ";
    rate("nan").says(&[RATE, "the learning rate is NaN"]);
    rate("negative").says(&[RATE, "the learning rate is -0.1"]);
    rate("panic").says(&[RATE, "panicked at", "out of steps"]);
}

#[test]
fn batches_of_another_form() {
    let batch = |how: &str| {
        refused(&Config::default().train(&format!("augmentation = {}", bad("augmentation", how))))
    };
    const BATCH: &str = "plugin augmentation bad-augmentation (libfixtures.so), hook `augment`: ";
    batch("dtype").says(&[BATCH, "`images` has shape [16, 3, 8, 8] and dtype Double"]);
    batch("nan").says(&["not finite"]);
    batch("panic").says(&[BATCH, "the images are out of focus"]);
}

#[test]
fn an_image_that_is_cut() {
    let sandbox = Sandbox::new();
    let how = bad("augmentation", "shape");
    let config = Config::default()
        .data("dataset = \"synthetic\"\ntrain_limit = 32\ntest_limit = 16")
        .train(&format!("augmentation = {how}"));
    let ran = sandbox.run(&config).expect(1).fits_on_a_screen();
    ran.says(&["`images` has shape [16, 3, 16, 32]", "it must have shape [16, 3, 32, 32]"]);
}

#[test]
fn graphs_that_are_no_network() {
    let graph = |how: &str| {
        refused(&Config::default().model(&format!("architecture = {}", bad("architecture", how))))
    };
    graph("attribute").says(&["node `odd`: `aten::relu` has no argument `negative`; it has "]);
    graph("type").says(&["node `odd`: `dim` is [\"height\"]", "a list of whole numbers"]);
    graph("operator").says(&["node `odd`", "aten::relooo"]);
    graph("shape").says(&["node `odd`", "aten::add"]);
    graph("output").says(&["outputs: there is none"]);
    graph("plugin").says(&["no activation plugin `nobody` was found"]);
    graph("error").says(&[
        "plugin architecture bad-architecture (libfixtures.so), hook `build`: this network takes \
         only sounds",
    ]);
}

#[test]
fn edges_that_do_not_fit() {
    let skip = |how: &str| {
        refused(&Config::default().spend("odd", &format!("skip = {}", bad("skip", how))))
    };
    skip("shape").says(&[
        "recipe `odd`: the edits of skip bad-skip do not fit the graph: `bad.new` has shape \
         [16, 1, 1] where `layer3.0.relu2` has [16, 2, 2]",
    ]);
    skip("name").says(&["bad-skip", "it adds a node `relu`, which exists already"]);
    skip("knob").says(&["bad-skip", "`undeclared`"]);
    skip("prunable").says(&["bad-skip", "`bad.weight` must not be prunable"]);
    skip("attribute").says(&["`aten::relu` has no argument `slope`"]);
}

#[test]
fn weights_that_cannot_be() {
    let init = |how: &str| {
        let config =
            Config::default().spend("odd", &format!("levels = [1]\ninit = {}", bad("init", how)));
        failed(&config, "spend/odd/imp/seed-1/level-01")
    };
    const INIT: &str = "plugin init bad-init (libfixtures.so), hook `initialize`: ";
    init("error").says(&[INIT, "this ticket cannot be rescaled"]);
    init("name").says(&[INIT, "the network has no parameter `no.such.weight`"]);
    init("shape").says(&[INIT, "has shape [", "the new value [1, "]);
    init("nan").says(&[INIT, "is not finite"]);
    init("question").says(&[INIT, "site"]);
    let line = format!("init = {}", bad("init", "tensor"));
    let ran = refused(&Config::default().train(&line));
    ran.says(&["init bad-init", "`nobody-trains-it`", "init items cannot declare tensors"]);
}

#[test]
fn scores_that_give_no_mask() {
    let score = |how: &str| {
        let config = Config::default().draw(&format!("levels = 2\nscore = {}", bad("score", how)));
        failed(&config, "draw/imp/seed-1/level-01")
    };
    const SCORE: &str = "plugin score bad-score (libfixtures.so), hook `score`: ";
    let ran = score("nan").says(&[SCORE, "`conv1.weight` has a score that is NaN"]);
    ran.says(&["draw imp seed 1 level 02", "needs draw imp seed 1 level 01, which was not done"]);
    score("missing").says(&[SCORE, "`conv1.weight` got no score"]);
    score("shape").says(&[SCORE, "`conv1.weight` has shape [4, 3, 3, 3], its score [108]"]);
    score("panic").says(&[SCORE, "nothing here is worth keeping"]);
}

#[test]
fn masks_that_cannot_be() {
    let update = |how: &str| {
        refused(&Config::default().spend("odd", &format!("update = {}", bad("update", how))))
            .says(&["recipe `odd`", "plugin update bad-update (libfixtures.so), hook `update`: "])
    };
    update("dtype").says(&["`conv1.weight` has shape [4, 3, 3, 3] and dtype Float", "dtype Bool"]);
    update("shape").says(&["the mask of `conv1.weight` has shape [108]", "shape [4, 3, 3, 3]"]);
    update("name").says(&["a mask for `bn1.weight`, which is no parameter that is pruned here"]);
    update("empty").says(&["its masks keep none of the 4716 prunable weights"]);
    // Only at the last step of the training, and still found before it.
    update("late").says(&["its masks keep none of the 4716 prunable weights"]);
    update("set").says(&["an `update` hook gives masks; it cannot set weights"]);
    update("error").says(&["these weights are all dear to me"]);
    update("panic").says(&["panicked at", "no mask fits"]);
    update("never").says(&["it would never act: `due` says no before each of the 6 steps"]);
}

#[test]
fn a_failed_job_is_tried_again() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = |how: &str| {
        Config::default().spend("odd", &format!("levels = [1]\ninit = {}", bad("init", how)))
    };
    sandbox.run(&config("error")).expect(1);
    let ran = sandbox.with_fixtures(&["run", "tiny.toml"]).run().expect(1);
    ran.says(&["this ticket cannot be rescaled"]);
    let note = sandbox.at("runs/tiny/spend/odd/imp/seed-1/level-01.failed.json");
    let note: serde_json::Value = serde_json::from_slice(&std::fs::read(note).unwrap()).unwrap();
    assert_eq!(note["attempts"], 2);
    // Mended: the finished jobs stay, the note of the failure goes.
    let mended = Config::default().spend("odd", "levels = [1]\ninit = \"fresh\"");
    sandbox.run(&mended).expect(0);
    assert!(sandbox.at("runs/tiny/spend/odd/imp/seed-1/level-01/job.json").exists());
    assert!(!sandbox.at("runs/tiny/spend/odd/imp/seed-1/level-01.failed.json").exists());
}
