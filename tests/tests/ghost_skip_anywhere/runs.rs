//! Whole runs of the program.

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::{Row, Sandbox, data, results, tensors};

const MODEL: &str = "architecture = { plugin = \"mobilenet-v2\", params = { width = 8 } }";
/// One weight and two of the normalisation for each of 1784 channels.
const ADDED: f64 = 3.0 * 1784.0;

#[test]
fn a_faded_and_a_permanent_skip_are_told_apart() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config::default()
        .model(MODEL)
        .draw("levels = 1")
        .spend("vanilla", "levels = [1]")
        .spend(
            "faded",
            "levels = [1]\nskip = { plugin = \"ghost-skip\", params = { fade = \"3it\" } }",
        )
        .spend("permanent", "levels = [1]\nskip = \"ghost-skip\"");
    sandbox.run(&config).expect(0);
    let run = sandbox.at("runs/tiny");
    let of = |recipe: &str| -> Row {
        let found = results(&run).into_iter().find(|row| row.get("recipe") == recipe);
        found.unwrap()
    };
    let (vanilla, faded, permanent) = (of("vanilla"), of("faded"), of("permanent"));
    // Both train the added weights; only the permanent ones still cost something at the end.
    for row in [&faded, &permanent] {
        let more = row.number("weights_training") - vanilla.number("weights_training");
        assert_eq!(more, ADDED);
        assert_eq!(row.number("weights_total"), vanilla.number("weights_total"));
        assert_eq!(row.number("weights_kept"), vanilla.number("weights_kept"));
    }
    assert_eq!(faded.number("flops"), vanilla.number("flops"));
    assert!(permanent.number("flops") > vanilla.number("flops"));
    let file = |row: &Row, name: &str| run.join(row.folder()).join(name);
    let [one, two, three] =
        [&vanilla, &faded, &permanent].map(|row| tensors::read(&file(row, "model.safetensors")));
    assert!(one.keys().eq(two.keys()));
    let skips = three.iter().filter(|(name, _)| name.starts_with("skip.")).map(|(name, tensor)| {
        let is_trained = !name.contains("running_") && !name.ends_with("num_batches_tracked");
        if is_trained { tensor.shape.iter().product::<usize>() } else { 0 }
    });
    assert_eq!(skips.sum::<usize>() as f64, ADDED);
    // What the mask prunes is the same in all of them, and none of the connections.
    let [one, two, three] = [&vanilla, &faded, &permanent]
        .map(|row| fs::read_to_string(file(row, "layers.csv")).unwrap());
    assert!(one == two && one == three && !one.contains("skip."));
}

#[test]
fn a_faded_networks_weights_are_the_plain_networks() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let skip = "skip = { plugin = \"ghost-skip\", params = { fade = \"1ep\" } }";
    let config = Config::default().model(MODEL).draw("levels = 0");
    let config = config.spend("plain", "").spend("faded", &format!("levels = [0]\n{skip}"));
    sandbox.run(&config).expect(0);
    fs::copy(
        sandbox.at("runs/tiny/spend/faded/imp/seed-1/level-00/model.safetensors"),
        sandbox.at("faded.safetensors"),
    )
    .unwrap();
    let logits = |recipe: &str| {
        let file = format!("{recipe}.logits");
        let args = ["eval", "faded.safetensors", "--config", "tiny.toml", "--recipe", recipe];
        sandbox.jackpot(&args).args(["--logits", &file]).run().expect(0);
        tensors::read(&sandbox.at(&file))["logits"].clone()
    };
    assert_eq!(logits("plain").bits(), logits("faded").bits());
}

#[test]
fn a_network_without_a_place_says_so_before_training() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.write("net.json", data::graph("aten::relu", "{}"));
    let config = Config::default()
        .model("architecture = { file = \"net.json\" }")
        .draw("levels = 1\nprunable = [\"linear\"]")
        .spend("ghost", "skip = \"ghost-skip\"");
    let ran = sandbox.run(&config).fits_on_a_screen();
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    ran.says(&["ghost-skip finds no place in this network", "kernel larger than 1 × 1"]);
}
