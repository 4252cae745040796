//! Every hook of the kinds but `update` (see dynamic_masks.rs), by plugins of another crate than the program's own.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::tensors::{self, State, count};
use jackpot_tests::{Sandbox, data, results};
use serde_json::Value;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox
}

fn metrics(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn model(sandbox: &Sandbox, job: &str) -> State {
    tensors::read(&sandbox.at("runs/tiny").join(job).join("model.safetensors"))
}

const DENSE: &str = "draw/imp/seed-1/level-00";
const LAST: &str = "draw/imp/seed-1/level-02";

#[test]
fn an_activation_has_tensors_that_are_trained_and_kept() {
    let sandbox = sandbox();
    sandbox.run(&Config::default().train("activation = \"learned-slope\"")).expect(0);
    let (dense, last) = (model(&sandbox, DENSE), model(&sandbox, LAST));
    let slopes: Vec<_> = dense.keys().filter(|name| name.ends_with(".slope")).collect();
    assert_eq!(slopes.len(), 7, "a slope at every site: {slopes:?}");
    for name in slopes {
        let values = dense[name].floats();
        let channels = values.len();
        assert!([4, 8, 16].contains(&channels), "one per channel");
        assert!(values.iter().any(|&value| value != 0.25), "{name} is trained");
        assert_ne!(dense[name], last[name]);
    }
    let shifts: Vec<_> = dense.keys().filter(|name| name.ends_with(".shift")).collect();
    assert_eq!(shifts.len(), 7);
    assert!(shifts.iter().all(|name| dense[*name].floats() == [0.0]), "kept, not trained");
    let row = &results(&sandbox.at("runs/tiny"))[0];
    let plain = {
        let other = self::sandbox();
        other.run(&Config::default()).expect(0);
        results(&other.at("runs/tiny"))[0].number("weights_training")
    };
    // 3 sites of 4, 2 of 8 and 2 of 16 channels.
    assert_eq!(row.number("weights_training") - plain, 3.0 * 4.0 + 2.0 * 8.0 + 2.0 * 16.0);
}

/// A knob is asked behind the last step, too: for a network that is then evaluated and stored. One
/// that has no value there is found before anything is trained.
#[test]
fn a_knob_has_a_value_behind_the_last_step() {
    let sandbox = sandbox();
    let ran = sandbox.run(&Config::default().train("activation = \"counts-down\""));
    ran.expect(1).says(&["activation counts-down", "hook `knob`", "nobody asks behind"]);
    assert!(!sandbox.at("runs").exists());
}

#[test]
fn a_knob_follows_the_training() {
    let sandbox = sandbox();
    let config = Config::default()
        .train("activation = { plugin = \"soft-gate\", params = { end = 7 } }")
        .train("loss = { plugin = \"tempered\", params = { start = 4 } }");
    sandbox.run(&config).expect(0);
    let rows = metrics(&sandbox.at("runs/tiny").join(DENSE));
    let train: Vec<_> = rows.iter().filter(|row| row["split"] == "train").collect();
    // At the last steps of the two epochs: steps 2 and 5 of 6.
    for (row, fraction) in train.iter().zip([2.0 / 6.0, 5.0 / 6.0]) {
        let knob = |name: &str| row["knobs"][name].as_f64().unwrap();
        assert!((knob("soft-gate.beta") - (1.0 + 6.0 * fraction)).abs() < 1e-12, "{row}");
        assert!((knob("tempered.temperature") - (4.0 - 3.0 * fraction)).abs() < 1e-12, "{row}");
    }
    let state = model(&sandbox, LAST);
    let scale = state.iter().find(|(name, _)| name.ends_with(".scale")).unwrap().1;
    assert_ne!(scale.floats(), [1.0], "the loss's own tensor is trained");
}

#[test]
fn a_function_with_a_nan_in_its_naive_gradient_trains() {
    let sandbox = sandbox();
    sandbox.run(&Config::default().train("activation = \"safe-log\"")).expect(0);
    for (name, tensor) in model(&sandbox, LAST) {
        if tensor.dtype == safetensors::Dtype::F32 {
            assert!(tensor.floats().iter().all(|value| value.is_finite()), "{name}");
        }
    }
}

#[test]
fn random_numbers_belong_to_samples_and_seeds() {
    let sandbox = sandbox();
    let config = Config::default()
        .top("seeds = [1, 2]")
        .train("augmentation = [\"mixture\", { plugin = \"mixture\", params = { noise = 0.3 } }]")
        .draw("levels = 0")
        .spend("plain", "augmentation = \"none\"")
        .spend("same", "");
    sandbox.run(&config).expect(0);
    let job = |path: &str| model(&sandbox, path);
    let (one, two) = (job(DENSE), job("draw/imp/seed-2/level-00"));
    assert_ne!(one, two, "another seed");
    assert_ne!(one, job("spend/plain/imp/seed-1/level-00"), "the augmentation acts");
    assert_eq!(one, job("spend/same/imp/seed-1/level-00"));
}

#[test]
fn a_model_keeps_its_promises_to_init() {
    let sandbox = sandbox();
    let check = "{ plugin = \"check-model\", params = { masks = 7 } }";
    let config = Config::default()
        .train("activation = \"soft-gate\"")
        .spend("checked", &format!("init = {check}"))
        .spend(
            "everything",
            &format!("init = {check}\nskip = \"echo\"\nactivation = \"learned-slope\""),
        )
        .spend("plain", "loss = \"none\"");
    sandbox.run(&config).expect(0);
    // Looking changes nothing.
    for level in 0..=2 {
        let weights =
            |recipe: &str| model(&sandbox, &format!("spend/{recipe}/imp/seed-1/level-{level:02}"));
        assert_eq!(weights("checked"), weights("plain"), "level {level}");
    }
}

#[test]
fn an_init_of_a_draw_makes_the_first_weights() {
    let sandbox = sandbox();
    let config = Config::default()
        .train("init = { plugin = \"fresh\", params = { std = 0.05 } }")
        .spend("own", "init = \"none\"\nbatch_size = 8");
    sandbox.run(&config).expect(0);
    let init = tensors::read(&sandbox.at("runs/tiny/draw/imp/seed-1/init.safetensors"));
    let values = init["layer3.0.conv2.weight"].floats();
    let mean_square = values.iter().map(|x| f64::from(x * x)).sum::<f64>() / values.len() as f64;
    // 2304 normal numbers of deviation 0.05: the sample's own is within 5 %.
    assert!((mean_square.sqrt() - 0.05).abs() < 0.0025, "{}", mean_square.sqrt());
}

#[test]
fn an_init_that_replaces_weights_keeps_the_mask() {
    let sandbox = sandbox();
    let still = "lr_schedule = \"still\"\noptimizer = { momentum = 0.0, weight_decay = 0.0 }";
    let config = Config::default()
        .spend("fresh", &format!("init = \"fresh\"\n{still}"))
        .spend("curved", &format!("init = \"curvature\"\n{still}"))
        .spend("still", still);
    sandbox.run(&config).expect(0);
    let of = |recipe: &str| model(&sandbox, &format!("spend/{recipe}/imp/seed-1/level-02"));
    let masks = tensors::read(&sandbox.at("runs/tiny").join(LAST).join("mask.safetensors"));
    let (fresh, curved, still) = (of("fresh"), of("curved"), of("still"));
    for (name, mask) in &masks {
        let all = [&fresh, &curved, &still].map(|state| state[name].floats());
        let mut moved = 0;
        for (place, kept) in mask.flags().into_iter().enumerate() {
            let [fresh, curved, still] = [0, 1, 2].map(|i| all[i][place]);
            if kept {
                assert_ne!(fresh, still);
                // w · (1 + 0.1 · tanh …)
                assert!((curved - still).abs() <= 0.1001 * still.abs());
                moved += u32::from(curved != still);
            } else {
                assert_eq!([fresh, curved, still].map(f32::to_bits), [0; 3]);
            }
        }
        assert!(moved > 0, "second derivatives move {name}");
    }
    assert_eq!(fresh["linear.weight"], still["linear.weight"], "only convolutions were set");
}

#[test]
fn a_score_with_gradients_prunes_in_rounds() {
    let sandbox = sandbox();
    let mut config = Config::default().draw(
        "name = \"rounds\"\nkeep = [0.1]\nscore = { plugin = \"sensitivity\", params = { rounds = 4 } }",
    );
    config.draws.push(
        "name = \"once\"\nkeep = [0.1]\nscore = { plugin = \"sensitivity\", params = { rounds = 1 } }"
            .to_owned(),
    );
    sandbox.run(&config).expect(0);
    let mask = |draw: &str| {
        tensors::read(
            &sandbox.at(&format!("runs/tiny/draw/{draw}/seed-1/level-01/mask.safetensors")),
        )
    };
    let (rounds, once) = (mask("rounds"), mask("once"));
    assert_eq!((count(&rounds), count(&once)), ((472, 4716), (472, 4716)));
    assert_ne!(rounds, once, "each round scores anew");
}

#[test]
fn a_skip_acts_and_then_is_gone() {
    let sandbox = sandbox();
    let config = Config::default().spend("echo", "skip = \"echo\"").spend("plain", "epochs = 1");
    sandbox.run(&config).expect(0);
    let folder = sandbox.at("runs/tiny/spend/echo/imp/seed-1/level-02");
    let rows = metrics(&folder);
    let alpha: Vec<f64> =
        rows.iter().filter_map(|row| row["knobs"]["echo.alpha"].as_f64()).collect();
    // 1 − 2t at steps 2 and 5 of 6, not below 0.
    assert!((alpha[0] - 1.0 / 3.0).abs() < 1e-12 && alpha[1] == 0.0, "{alpha:?}");
    let (with, without) =
        (model(&sandbox, "spend/echo/imp/seed-1/level-02"), model(&sandbox, LAST));
    assert!(with.keys().eq(without.keys()), "nothing of it is stored");
    assert_ne!(with, without, "it acted");
    let rows = results(&sandbox.at("runs/tiny"));
    let of = |recipe: &str| rows.iter().find(|row| row.get("recipe") == recipe).unwrap();
    assert!(of("echo").number("weights_training") > of("plain").number("weights_training"));
}

#[test]
fn an_architecture_shares_weights_and_calls_plugins() {
    let sandbox = sandbox();
    let config = Config::default()
        .model("architecture = { plugin = \"shared\", params = { width = 5 } }")
        .spend("own", "activation = \"mish\"")
        .spend(
            "small",
            "architecture = { plugin = \"shared\", params = { width = 5 } }\nepochs = 1",
        );
    sandbox.run(&config).expect(0);
    let state = model(&sandbox, LAST);
    let names: Vec<_> = state.keys().map(String::as_str).collect();
    assert!(names.contains(&"twice.weight"), "{names:?}");
    let slope = state.iter().find(|(name, _)| name.ends_with("middle.slope")).unwrap().1;
    assert!(slope.floats().len() == 5 && slope.floats() != [0.1; 5]);
    let masks = tensors::read(&sandbox.at("runs/tiny").join(LAST).join("mask.safetensors"));
    // 5·3·9 and 5·5·9, shared weights counted once: 360 → 288 → 230.
    assert_eq!(count(&masks), (230, 360));
    // 2 · (4·4·(135 + 2·225)·…) is the report's matter; shared weights run twice.
    let rows = results(&sandbox.at("runs/tiny"));
    let dense = rows.iter().find(|row| row.folder() == DENSE).unwrap();
    assert_eq!(dense.number("flops"), 2.0 * (16.0 * (135.0 + 2.0 * 225.0) + 5.0 * 4.0));
}

#[test]
fn a_graph_from_a_file_is_a_network() {
    let sandbox = sandbox();
    sandbox.write("net.json", data::graph("aten::relu", "{}"));
    let config = Config::default()
        .model("architecture = { file = \"net.json\" }")
        .draw("levels = 1\nprunable = [\"linear\"]")
        .spend("mish", "activation = \"mish\"");
    sandbox.run(&config).expect(0);
    assert_eq!(model(&sandbox, DENSE)["head.weight"].shape, [4, 192]);
    // Another graph under the same name is another network.
    let changed = data::graph("aten::relu", "{}").replace("\"std\": 0.1", "\"std\": 0.2");
    sandbox.write("net.json", changed);
    let ran = sandbox.run(&config).expect(2);
    ran.says(&["nothing was run", "graph_sha256"]);
}
