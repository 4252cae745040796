//! The official binary layouts: files made here, and real ones where the machine has them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data, results, tensors};

fn train(root: &Path, dataset: &str, classes: usize, limit: usize) -> Vec<jackpot_tests::Row> {
    let sandbox = Sandbox::new();
    let config = Config::default()
        .data(&format!(
            "dataset = {dataset:?}\nroot = {:?}\nvalidation = 10\ntrain_limit = {limit}\n\
             test_limit = 20",
            root.to_str().unwrap()
        ))
        .train("augmentation = \"crop-flip\"")
        .draw("levels = 1");
    sandbox.run(&config).expect(0);
    let run = sandbox.at("runs/tiny");
    let model = tensors::read(&run.join("draw/imp/seed-1/level-01/model.safetensors"));
    assert_eq!(model["linear.weight"].shape, [classes, 16]);
    results(&run)
}

#[test]
fn cifar10_in_its_official_layout() {
    let sandbox = Sandbox::new();
    data::cifar10(&sandbox.at("cifar-10-batches-bin"));
    // Its folder, and the folder above it.
    for root in [sandbox.at("cifar-10-batches-bin"), sandbox.path().to_owned()] {
        let rows = train(&root, "cifar10", 10, 32);
        assert_eq!(rows.len(), 2);
    }
}

#[test]
fn cifar100_in_its_official_layout() {
    let sandbox = Sandbox::new();
    data::cifar100(&sandbox.at("cifar-100-binary"));
    let rows = train(sandbox.path(), "cifar100", 100, 32);
    // Level 1 of 4716: 3773 kept.
    assert_eq!(rows[1].number("weights_kept"), 3773.0);
}

#[test]
fn real_files_are_read_and_trained_on() {
    let Some(folder) = data::real() else {
        eprintln!("JACKPOT_TEST_DATA is not set: the real files are not tried");
        return;
    };
    let sandbox = Sandbox::new();
    for (name, about) in [
        (
            "cifar-10-batches-bin",
            ["CIFAR-10", "1000 images, 100 of each class", "200 images", "airplane"],
        ),
        ("cifar-100-binary", ["CIFAR-100", "2000 images, 20 of each class", "500 images", "100"]),
    ] {
        let ran = sandbox.jackpot(&["data", "check"]).arg(folder.join(name)).run().expect(0);
        for text in about {
            assert!(ran.stdout.contains(text), "{text}\n{ran}");
        }
    }
    let ten = train(&folder, "cifar10", 10, 64);
    let hundred = train(&folder, "cifar100", 100, 64);
    assert!(ten.iter().chain(&hundred).all(|row| row.get("status") == "done"));
}

#[test]
fn the_embedded_dataset_needs_no_files() {
    let sandbox = Sandbox::new();
    let config = Config::default()
        .data("dataset = \"synthetic\"\nvalidation = 16\ntrain_limit = 32\ntest_limit = 20")
        .top("seed = 1\nprecision = \"bf16\"")
        .draw("levels = 1");
    sandbox.run(&config).expect(0);
    let rows = results(&sandbox.at("runs/tiny"));
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.get("precision") == "bf16"));
    let model = tensors::read(&sandbox.at("runs/tiny/draw/imp/seed-1/level-01/model.safetensors"));
    assert_eq!(model["conv1.weight"].dtype, safetensors::Dtype::F32, "weights are always f32");
}

#[test]
fn every_network_of_the_program_trains() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    // Weights of the convolutions at width 2: 54 of the stem; of a block from i to o channels
    // 9·i·o + 9·o·o, and i·o of its shortcut in ResNet-18.
    for (name, weights) in [("resnet18", 10_950.0), ("resnet20", 4230.0), ("resnet32", 7254.0)] {
        let model = format!("architecture = {{ plugin = \"{name}\", params = {{ width = 2 }} }}");
        sandbox.run(&Config::default().model(&model).draw("levels = 0")).expect(0);
        assert_eq!(results(&sandbox.at("runs/tiny"))[0].number("weights_total"), weights, "{name}");
        std::fs::remove_dir_all(sandbox.at("runs")).unwrap();
    }
}
