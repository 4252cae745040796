//! The command on whole runs, and its files as a network for Jackpot again.

use std::fs;
use std::path::PathBuf;

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::{Ran, Sandbox, data, python, tensors};

/// A run with a recipe of tweaks: a mish, and connections that have faded.
fn config() -> Config {
    Config::default()
        // Bits are compared with those of dense operators.
        .top("seed = 1\nsparse = \"never\"")
        .spend(
            "tweaks",
            "activation = \"mish\"\n\
             skip = { plugin = \"ghost-skip\", params = { fade = \"1ep\" } }",
        )
        .spend("skip", "levels = [1]\nskip = \"ghost-skip\"")
}

fn run() -> PathBuf {
    shared("export", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&config());
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    })
}

fn copy() -> Sandbox {
    Sandbox::copy_of(&run())
}

#[track_caller]
fn prints(ran: &Ran, texts: &[&str]) {
    for text in texts {
        assert!(ran.stdout.contains(text), "stdout does not say {text:?}\n{ran}");
    }
}

/// A config of the same data whose network is a graph file.
fn again(draw: &str) -> Config {
    let model = "architecture = { file = \"net.graph.json\" }";
    Config::default().top("seed = 1\nsparse = \"never\"").model(model).draw(draw)
}

#[test]
fn weights_and_masks_are_the_runs_own_and_the_graph_is_the_network() {
    let sandbox = copy();
    let job = ["--recipe", "tweaks", "--level", "1"];
    let export = ["export", "runs/tiny", "-o", "net.safetensors"];
    let ran = sandbox.jackpot(&[&export[..], &job].concat()).run().expect(0);
    prints(
        &ran,
        &["net.safetensors", "net.mask.safetensors", "net.graph.json", "on 16 images: 0.0e0"],
    );
    let folder = sandbox.at("runs/tiny/spend/tweaks/imp/seed-1/level-01");
    for (made, own) in [("net", "best"), ("net.mask", "mask")] {
        let made = tensors::read(&sandbox.at(&format!("{made}.safetensors")));
        let own = tensors::read(&folder.join(format!("{own}.safetensors")));
        assert_eq!(made, own);
    }
    // The activation is operators, the connections are gone.
    let graph = fs::read_to_string(sandbox.at("net.graph.json")).unwrap();
    assert!(!graph.contains("plugin:") && !graph.contains("ghost"), "{graph}");
    assert!(graph.contains("aten::softplus"), "{graph}");

    // Jackpot itself takes the files: the same logits to the bit.
    sandbox.write("again.toml", again("levels = 1").text());
    let logits = ["--logits", "own.safetensors"];
    sandbox.jackpot(&[&["eval", "runs/tiny"], &job[..], &logits].concat()).run().expect(0);
    let made =
        ["eval", "net.safetensors", "--config", "again.toml", "--logits", "made.safetensors"];
    sandbox.jackpot(&made).run().expect(0);
    let [own, made] =
        ["own", "made"].map(|name| tensors::read(&sandbox.at(&format!("{name}.safetensors"))));
    assert_eq!(own, made);
}

#[test]
fn an_export_is_a_ticket_and_a_dense_start() {
    let sandbox = copy();
    let export = ["export", "runs/tiny", "--recipe", "tweaks", "--level", "2", "-o", "net"];
    sandbox.jackpot(&export).run().expect(0);
    let ticket = "from = { weights = \"net.safetensors\", mask = \"net.mask.safetensors\" }";
    sandbox.write("ticket.toml", again(ticket).spend("plain", "").text());
    let ran = sandbox.jackpot(&["run", "ticket.toml", "--out", "runs/ticket"]).run().expect(0);
    prints(&ran, &["plain"]);
    let mask = "runs/ticket/draw/imp/seed-1/level-01/mask.safetensors";
    let own = tensors::read(&sandbox.at("net.mask.safetensors"));
    assert_eq!(tensors::read(&sandbox.at(mask)), own);
    let dense = again("from = { weights = \"net.safetensors\" }\nkeep = [0.3]");
    sandbox.write("dense.toml", dense.text());
    sandbox.jackpot(&["draw", "dense.toml", "--out", "runs/dense"]).run().expect(0);
}

#[test]
fn python_computes_the_same_logits() {
    let Some(python) = python::with("torch, safetensors, onnx, onnxruntime") else { return };
    let sandbox = copy();
    for (recipe, level) in [("tweaks", "1"), ("tweaks", "2"), ("skip", "1")] {
        let job = ["--recipe", recipe, "--level", level];
        let logits = ["--logits", "logits.safetensors", "--inputs"];
        sandbox.jackpot(&[&["eval", "runs/tiny"], &job[..], &logits].concat()).run().expect(0);
        for format in ["onnx", "safetensors"] {
            for shrink in [&[][..], &["--shrink"]] {
                let file = format!("net.{format}");
                let export = ["export", "runs/tiny", "--format", format, "-o", &file];
                sandbox.jackpot(&[&export, &job[..], shrink].concat()).run().expect(0);
                let compare = [file.as_str(), "--logits", "logits.safetensors"];
                let said =
                    python::script(&python, "docs/python/load_export.py", &compare, sandbox.path());
                assert!(said.contains("largest difference"), "{said}");
            }
        }
    }
}

#[test]
fn the_level_may_be_chosen_by_validation_accuracy() {
    let sandbox = copy();
    let auto = |points: &str| {
        let level = format!("auto:{points}");
        let args = ["export", "runs/tiny", "--recipe", "tweaks", "--level", &level, "-o", "net"];
        sandbox.jackpot(&args).run().expect(0)
    };
    // A hundred points may be lost: the last level.
    let all = auto("100").says(&["level 2: the sparsest within 100 points"]);
    prints(&all, &["spend tweaks on imp seed 1 level 02"]);
    // By the records themselves.
    let accuracy = |level: usize| -> f64 {
        let path = format!("runs/tiny/spend/tweaks/imp/seed-1/level-{level:02}/job.json");
        let text = fs::read_to_string(sandbox.at(&path)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["results"]["validation_accuracy"].as_f64().unwrap()
    };
    let dense = accuracy(0);
    let best = (0..3).rev().find(|level| accuracy(*level) >= dense - 1e-9).unwrap();
    auto("0").says(&[&format!("level {best}: the sparsest within 0 points")]);
    let ran = sandbox.jackpot(&["export", "runs/tiny", "--level", "auto:1"]).run().expect(2);
    ran.says(&["compares the levels of one series", "draw/imp/seed-1, spend/skip/imp/seed-1"]);
}

#[test]
fn what_is_not_one_network_is_refused() {
    let sandbox = copy();
    let ran = sandbox.jackpot(&["export", "runs/tiny", "--level", "1"]).run().expect(2);
    ran.says(&["an export is of one network, but 3 jobs match", "spend tweaks on imp seed 1"]);
    let ran = sandbox.jackpot(&["export", "runs/tiny", "--level", "auto:x"]).run().expect(2);
    ran.says(&["a level is a number such as 7, or auto:POINTS"]);
    let file = "runs/tiny/draw/imp/seed-1/level-01/best.safetensors";
    let ran = sandbox.jackpot(&["export", file, "-o", file]).run().expect(2);
    ran.says(&["is what is exported; choose another -o"]);
    let ran = sandbox.jackpot(&["export", file, "--format", "onnx"]).run().expect(0);
    prints(&ran, &["best-export.onnx"]);
    assert!(sandbox.at("best-export.onnx").is_file());
}

#[test]
fn shrinking_tells_what_it_brought() {
    let sandbox = copy();
    let args = ["export", "runs/tiny", "--recipe", "skip", "--level", "1", "--shrink", "-o", "net"];
    let ran = sandbox.jackpot(&args).run().expect(0);
    let nothing = ran.stdout.contains("no channel is dead");
    assert!(nothing || ran.stdout.contains("FLOPs of an image"), "{ran}");
}

#[test]
fn imported_weights_are_checked_and_make_a_draw() {
    let sandbox = copy();
    let weights = "runs/tiny/draw/imp/seed-1/level-02/best.safetensors";
    let mask = "runs/tiny/draw/imp/seed-1/level-02/mask.safetensors";
    let import = |args: &[&str]| {
        sandbox.jackpot(&[&["import", weights, "--config", "tiny.toml"], args].concat()).run()
    };
    let ticket = import(&["--mask", mask, "-o", "ticket"]).expect(0);
    let ticket = ticket.says(&["a ticket that keeps"]);
    for (made, own) in [("ticket", weights), ("ticket.mask", mask)] {
        let made = tensors::read(&sandbox.at(&format!("{made}.safetensors")));
        assert_eq!(made, tensors::read(&sandbox.at(own)));
    }
    let dense = import(&["-o", "dense"]).expect(0).says(&["a dense start"]);
    // What is printed is a config's part.
    let draws = [&ticket, &dense].map(|ran| ran.stdout.replace("[[draw]]", ""));
    let config = Config { draws: draws.to_vec(), ..Config::default() };
    let config = config.text().replace("levels = 16", "levels = 1");
    sandbox.write("both.toml", config);
    sandbox.jackpot(&["draw", "both.toml", "--out", "runs/both"]).run().expect(0);
    assert!(sandbox.at("runs/both/draw/ticket/seed-1/level-01/job.json").is_file());
    assert!(sandbox.at("runs/both/draw/dense/seed-1/level-01/job.json").is_file());

    let wrong = ["import", mask, "--config", "tiny.toml"];
    let ran = sandbox.jackpot(&wrong).run().expect(2);
    ran.says(&["mask.safetensors", "which weights are not"]);
}

#[test]
fn plugins_of_any_sort_are_written_out_or_refused() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let activations = ["learned-slope", "soft-gate", "safe-log", "busy"];
    let config = activations.iter().fold(Config::default().draw("levels = 0"), |config, name| {
        let params = if *name == "busy" { ", params = { calls = 10 }" } else { "" };
        config.spend(name, &format!("activation = {{ plugin = \"{name}\"{params} }}"))
    });
    sandbox.run(&config).expect(0);
    let python = python::with("torch, safetensors, onnx, onnxruntime");
    for name in &activations[..3] {
        let job = ["--recipe", *name, "--weights", "last"];
        let logits = ["--logits", "logits.safetensors", "--inputs"];
        sandbox.jackpot(&[&["eval", "runs/tiny"], &job[..], &logits].concat()).run().expect(0);
        for format in ["onnx", "safetensors"] {
            let file = format!("{name}.{format}");
            let export = ["export", "runs/tiny", "--format", format, "-o", &file];
            sandbox.jackpot(&[&export, &job[..]].concat()).run().expect(0);
            let Some(python) = &python else { continue };
            let compare = [file.as_str(), "--logits", "logits.safetensors"];
            python::script(python, "docs/python/load_export.py", &compare, sandbox.path());
        }
        let graph = fs::read_to_string(sandbox.at(&format!("{name}.graph.json"))).unwrap();
        assert!(!graph.contains("plugin:"), "{graph}");
        // Trained slopes are parameters of the graph; a knob is a constant.
        assert_eq!(graph.contains("learned-slope."), *name == "learned-slope");
        assert_eq!(graph.contains("soft-gate.beta"), *name == "soft-gate");
    }
    // It takes the batch apart.
    let busy = ["export", "runs/tiny", "--recipe", "busy", "-o", "busy"];
    let ran = sandbox.jackpot(&busy).run().expect(1).fits_on_a_screen();
    ran.says(&["activation busy at node `relu", "on one batch than on another"]);
    assert!(!sandbox.at("busy.safetensors").exists());
}
