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

/// A skip that fades is in the best weights as far as it was there at that time, and so it is in
/// the teacher; without it that is another network.
#[test]
fn a_teacher_stands_where_its_best_weights_were_stored() {
    // The second epoch's rate is so high that the first one was better.
    let train = "skip = { plugin = \"ghost-skip\", params = { fade = \"2ep\" } }\n\
        lr_schedule = { plugin = \"multi-step\", params = { milestones = [1], gamma = 99.0 } }";
    let recipe = |teacher: &str| format!("skip = \"none\"\nloss = \"kd\"\nteacher = {teacher}");
    let config = Config::default().train(train).draw("levels = 2");
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.run(&config.clone().spend("taught", &recipe("\"dense\""))).expect(0);
    let dense = sandbox.at("runs/tiny/draw/imp/seed-1/level-00");
    let job = fs::read_to_string(dense.join("job.json")).unwrap();
    let job: serde_json::Value = serde_json::from_str(&job).unwrap();
    assert_eq!(job["results"]["best_epoch"], 1, "the skip is half there");
    let best = tensors::read(&dense.join("best.safetensors"));
    let plain = best.iter().filter(|(name, _)| !name.starts_with("skip."));
    let plain: Vec<_> = plain.map(|(name, stored)| (name.clone(), stored)).collect();
    assert!(plain.len() < best.len(), "the skip is a part of the best network");
    let other = Sandbox::new();
    data::tensors(&other);
    tensors::write(&other.at("teacher.safetensors"), &plain);
    let taught = recipe("{ weights = \"teacher.safetensors\" }");
    other.run(&config.spend("taught", &taught)).expect(0);
    assert_ne!(model(&other), model(&sandbox));
}
