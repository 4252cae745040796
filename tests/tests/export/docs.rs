//! Every command of docs/export.md, on a run like the one that it speaks of.

use std::fs;
use std::path::Path;

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data};

use crate::python;

/// The blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_works() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/export.md");
    let page = fs::read_to_string(page).unwrap();
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config =
        Config::default().draw("keep = [0.5, 0.2, 0.02]").spend("tweaks", "activation = \"mish\"");
    sandbox.write("my.toml", config.text());
    sandbox.jackpot(&["run", "my.toml", "--out", "runs/quickstart"]).run().expect(0);
    let python = python::with("torch, safetensors, onnx, onnxruntime");
    let lines: Vec<String> =
        blocks(&page, "sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
    let mut done = 0;
    for line in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["jackpot", args @ ..] => {
                sandbox.jackpot(args).run().expect(0);
            }
            ["python", script, args @ ..] => {
                let file = format!("docs/python/{script}");
                let Some(python) = &python else { continue };
                python::script(python, &file, args, sandbox.path());
            }
            _ => panic!("{line}"),
        }
        done += 1;
    }
    assert!(done >= 4, "{lines:?}");

    // The block that takes an export back.
    let [toml] = blocks(&page, "toml").try_into().unwrap();
    let (model, draws) = toml.split_once("[[draw]]").unwrap();
    let model = model.trim_start_matches("[model]").trim();
    let draws = draws.split("[[draw]]").map(|part| {
        // What stands behind the section's name is a comment.
        part.trim_start().trim_start_matches(|c| c != '\n').to_owned()
    });
    let back = Config { draws: draws.collect(), ..Config::default() }.model(model);
    sandbox.write("back.toml", back.text());
    sandbox.jackpot(&["draw", "back.toml", "--out", "runs/back"]).run().expect(0);
}
