//! `jackpot device check`: a device against the CPU in f32. The device is the CPU here, too.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use jackpot_tests::install::install;
use jackpot_tests::{Ran, Sandbox};
use serde_json::Value;

fn rows(ran: &Ran) -> Vec<Value> {
    let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    json["rows"].as_array().unwrap().clone()
}

/// The error of a quantity.
fn error(row: &Value, quantity: &str) -> Option<f64> {
    let all = row["differences"].as_array().unwrap();
    all.iter().find(|one| one["quantity"] == quantity)?["error"].as_f64()
}

/// Checks first-party items of so many kinds: on the CPU f32 gives the same bits, and bf16 almost.
#[track_caller]
fn agree(patterns: &[&str], count: usize) {
    let sandbox = Sandbox::new();
    // Threads of tensors this small only wait for each other.
    let check = ["device", "check", "--device", "cpu", "--threads", "1", "--json"];
    let mut program = sandbox.jackpot(&check);
    for pattern in patterns {
        program = program.args(["--only", pattern]);
    }
    let ran = program.run().expect(0);
    let rows = rows(&ran);
    let kinds: BTreeSet<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), count, "{ran}");
    for row in &rows {
        assert_eq!(row["status"], "ok", "{row}");
        let is_score = row["kind"] == "score";
        // On a CPU it asks which images each operation has.
        let captured =
            if is_score { Value::Null } else { (row["name"] != "trivial-augment").into() };
        assert_eq!(row["captured"], captured, "{row}");
        let count = row["differences"].as_array().unwrap().len();
        assert!(count == if is_score { 1 } else { 11 } + usize::from(row["kind"] == "init"));
        match row["precision"].as_str().unwrap() {
            "f32" => {
                let exact = |one: &Value| one["error"] == 0.0 && one["bound"] == 0.0;
                assert!(row["differences"].as_array().unwrap().iter().all(exact), "{row}");
            }
            // 8 bits of mantissa leave their mark, and no more than that.
            _ if !is_score => {
                let outputs = error(row, "outputs").unwrap();
                assert!((1e-4..5e-2).contains(&outputs), "{row}");
                // The host's numbers, and those of f32.
                for quantity in ["learning rate", "pruned weights", "images", "targets"] {
                    assert_eq!(error(row, quantity), Some(0.0), "{row}");
                }
            }
            _ => assert_eq!(error(row, "scores"), Some(0.0), "{row}"),
        }
    }
    let precisions = rows.iter().filter(|row| row["precision"] == "bf16").count();
    assert_eq!(2 * precisions, rows.len());
}

// The large networks and LRsI take minutes.
#[test]
fn networks_and_what_is_in_them_agree() {
    agree(&["architecture/resnet8", "architecture/lenet-5", "activation/*", "skip/*"], 3);
}

#[test]
fn what_comes_before_a_step_agrees() {
    agree(&["init/kaiming", "init/orthogonal", "augmentation/*", "lr-schedule/co*"], 3);
}

#[test]
fn losses_scores_and_updates_agree() {
    agree(&["loss/*", "score/*", "update/*"], 3);
}

#[test]
fn another_function_in_bf16_is_found() {
    let sandbox = Sandbox::new();
    let check = ["device", "check", "--device", "cpu", "--only", "activation/coarse"];
    let ran = sandbox.with_fixtures(&check).run().expect(1);
    let lines: Vec<_> = ran.stdout.lines().collect();
    let row = |precision: &str| {
        let own = format!("activation  coarse  {precision}");
        lines.iter().find(|line| line.starts_with(&own)).unwrap_or_else(|| panic!("{ran}"))
    };
    assert!(row("f32").ends_with("nothing: the same bits"), "{ran}");
    assert!(row("bf16").contains("failed"), "{ran}");
    assert!(ran.stdout.contains("activation coarse in bf16:\n  outputs are off by "), "{ran}");
    ran.says(&["cpu: 1 ok, 1 failed"]);
}

#[test]
fn what_a_replay_would_not_see_is_said() {
    let sandbox = Sandbox::new();
    let check = ["device", "check", "--device", "cpu", "--threads", "1", "--precision", "f32"];
    let only = ["--only", "augmentation/reference-noise", "--only", "augmentation/cutout"];
    let folder = install().folder("reference");
    let ran = sandbox.jackpot(&check).arg("--plugin-dir").arg(folder).args(only).run().expect(0);
    let expected = "Steps that are not captured as a graph:\n  augmentation reference-noise: \
                    `reference-noise` asks for a random number on the host\n";
    assert!(ran.stdout.contains(expected), "{ran}");
    assert!(ran.stdout.ends_with("\ncpu: 2 ok\n"), "{ran}");
    ran.says(&["steps are not captured, since `reference-noise` asks", "they run by operators"]);
}

#[test]
fn an_item_that_fails_anywhere_is_no_fault_of_the_device() {
    let sandbox = Sandbox::new();
    let check = ["device", "check", "--device", "cpu", "--precision", "bf16", "--json"];
    let ran = sandbox.with_fixtures(&check).args(["--only", "loss/bad-loss"]).run().expect(0);
    let row = &rows(&ran)[0];
    assert_eq!(row["status"], "skipped", "{ran}");
    let reason = row["reason"].as_str().unwrap();
    let expected = "there is nothing to compare with: plugin loss bad-loss (";
    assert!(reason.starts_with(expected) && reason.contains("the loss has shape [16]"), "{ran}");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let sandbox = Sandbox::new();
    let check = |args: &[&str]| sandbox.jackpot(&["device", "check"]).args(args).run();
    check(&["--device", "tpu"]).expect(2).says(&["a device is auto, cpu, cuda or cuda:N"]);
    check(&["--device", "cuda:99"]).expect(2).says(&["device = \"cuda:99\": "]);
    let tf32 = check(&["--device", "cpu", "--precision", "tf32"]).expect(2);
    tf32.says(&["is for CUDA devices; a CPU has f32 and bf16"]);
    check(&["--only", "nothing/*"]).expect(2).says(&["no plugin's item is `nothing/*`"]);
    check(&["--precision", "f16"]).expect(2).says(&["f32, tf32, bf16"]);
}
