//! Recipes that learn from a trained network.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::tensors;
use jackpot_tests::{Sandbox, data};

const SPENT: &str = "spend/taught/imp/seed-1/level-02";

fn model(sandbox: &Sandbox) -> tensors::State {
    tensors::read(&sandbox.at(&format!("runs/tiny/{SPENT}/model.safetensors")))
}

#[test]
fn the_dense_network_of_the_draw_teaches_its_tickets() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let taught = "loss = \"kd\"\nteacher = \"dense\"";
    sandbox.run(&Config::default().spend("vanilla", "").spend("taught", taught)).expect(0);
    let dense = model(&sandbox);
    let vanilla = sandbox.at("runs/tiny/spend/vanilla/imp/seed-1/level-02/model.safetensors");
    assert_ne!(dense, tensors::read(&vanilla));
    let job = fs::read_to_string(sandbox.at(&format!("runs/tiny/{SPENT}/job.json"))).unwrap();
    let job: serde_json::Value = serde_json::from_str(&job).unwrap();
    let inputs: Vec<_> = job["inputs"].as_object().unwrap().keys().collect();
    assert_eq!(inputs, ["draw/imp/seed-1/level-00", "draw/imp/seed-1/level-02"]);

    // The same weights from a file teach the same.
    let best = sandbox.at("runs/tiny/draw/imp/seed-1/level-00/best.safetensors");
    let other = Sandbox::new();
    data::tensors(&other);
    fs::copy(best, other.at("teacher.safetensors")).unwrap();
    let taught = "loss = \"kd\"\nteacher = { weights = \"teacher.safetensors\" }";
    other.run(&Config::default().spend("taught", taught)).expect(0);
    assert_eq!(model(&other), dense);
}

#[test]
fn a_teacher_may_be_another_network() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let architecture = "architecture = { plugin = \"resnet8\", params = { width = 6 } }";
    let wide = Config::default().model(architecture).draw("levels = 0");
    sandbox.run(&wide).expect(0);
    let best = sandbox.at("runs/tiny/draw/imp/seed-1/level-00/best.safetensors");
    fs::copy(best, sandbox.at("wide.safetensors")).unwrap();
    fs::remove_dir_all(sandbox.at("runs")).unwrap();
    let taught = |architecture: &str| {
        let teacher = format!("{{ weights = \"wide.safetensors\"{architecture} }}");
        Config::default().spend("taught", &format!("loss = \"kd\"\nteacher = {teacher}"))
    };
    let ran = sandbox.run(&taught("")).expect(2).fits_on_a_screen();
    ran.says(&["recipe `taught`", "wide.safetensors", "has shape [6]"]);
    assert!(!sandbox.at("runs").exists());
    sandbox.run(&taught(&format!(", {architecture}"))).expect(0);
}

#[test]
fn a_loss_that_needs_a_teacher_is_refused_without_one() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = sandbox.run(&Config::default().spend("taught", "loss = \"kd\""));
    ran.expect(2).fits_on_a_screen().says(&["recipe `taught`", "kd", "teacher = \"dense\""]);
    assert!(!sandbox.at("runs").exists());
}
