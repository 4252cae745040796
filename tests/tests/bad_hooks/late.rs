//! Failures in the midst of a run.

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data};

use crate::{bad, failed, refused};

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
    failed(&config, "spend/late/imp/seed-1/level-01", "activation: panic at step 4");
}

#[test]
fn a_loss_that_becomes_nan() {
    let config = Config::default().train(&format!("loss = {}", bad("loss", "late-nan")));
    failed(&config, "draw/imp/seed-1/level-00", "loss: late-nan");
}

#[test]
fn an_image_that_is_cut() {
    let how = bad("augmentation", "shape");
    let config = Config::default()
        .data("dataset = \"synthetic\"\ntrain_limit = 32\ntest_limit = 16")
        .train(&format!("augmentation = {how}"));
    refused(&config, "augmentation: shape of larger images");
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
