//! Combinations that cannot be: each is a config error (exit code 2) that says why, before
//! anything is written.

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data};

#[track_caller]
fn refused(config: &Config, says: &[&str]) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.run(config).expect(2).fits_on_a_screen().says(says);
    assert!(!sandbox.at("runs").exists());
}

#[test]
fn two_schedules() {
    let config = Config::default().train("lr_schedule = \"cosine\"\nlr_schedule = \"constant\"");
    refused(&config, &["`lr_schedule` is given twice", "lr_schedule = \"constant\""]);
    let config = Config::default().train("lr_schedule = [\"cosine\", \"constant\"]");
    refused(&config, &["lr_schedule", "list"]);
}

#[test]
fn a_skip_that_changes_a_shape() {
    let skip = "skip = { plugin = \"bad-skip\", params = { how = \"shape\" } }";
    let says = ["recipe `odd`", "the edits of skip bad-skip do not fit the graph", "has shape"];
    refused(&Config::default().spend("odd", skip), &says);
}

#[test]
fn a_skip_that_finds_no_place() {
    let model = "architecture = { plugin = \"lenet-300-100\" }";
    let config = Config::default().model(model).draw("levels = 1\nprunable = [\"linear\"]");
    let says = ["recipe `skipping`", "skip ghost-skip", "finds no place in this network"];
    refused(&config.spend("skipping", "skip = \"ghost-skip\""), &says);
}

#[test]
fn distillation_without_a_teacher() {
    let says =
        ["recipe `taught`", "learns from a teacher, and there is none", "teacher = \"dense\""];
    refused(&Config::default().spend("taught", "loss = \"kd\""), &says);
}

#[test]
fn a_dense_teacher_of_a_draw_that_trains_nothing() {
    let draw = "name = \"snip\"\nscore = \"snip\"\nschedule = \"one-shot\"\nprune_at = \"init\"\n\
                keep = [0.5]";
    let config = Config::default().draw(draw);
    let config = config.spend("taught", "loss = \"kd\"\nteacher = \"dense\"");
    refused(&config, &["the draw `snip` has no", "it trains nothing"]);
}

#[test]
fn an_architecture_that_cannot_take_the_images() {
    let config = Config::default().model("architecture = { plugin = \"lenet-5\" }");
    refused(&config, &["[model]", "architecture lenet-5", "[3, 8, 8]"]);
    let recipe = "architecture = { plugin = \"lenet-5\" }";
    refused(
        &Config::default().spend("small", recipe),
        &["recipe `small`", "architecture lenet-5", "[3, 8, 8]"],
    );
}

#[test]
fn nothing_that_could_be_pruned() {
    let model = "architecture = { plugin = \"lenet-300-100\" }";
    let says = ["draw `imp`", "nothing can be pruned", "[\"conv\"]", "fc_layers.0.weight"];
    refused(&Config::default().model(model).draw("levels = 1"), &says);
    let config = Config::default().draw("levels = 1\nprunable = [\"layer9.*\"]");
    refused(&config, &["draw `imp`", "nothing can be pruned", "[\"layer9.*\"]"]);
}

#[test]
fn trials_without_validation_images() {
    let config = Config::default().data("dataset = \"tensors\"\nroot = \"data.safetensors\"");
    let config = config.spend("vanilla", "").spend("slow", "trial_of = \"tuned\"");
    refused(&config, &["recipe `slow`", "validation images", "validation = 5000"]);
}
