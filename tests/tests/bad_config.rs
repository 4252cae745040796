//! Mistakes in a config: line, caret, what is allowed and the nearest name, exit code 2, before
//! anything is trained.

#![allow(clippy::unwrap_used, reason = "tests")]

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Sandbox, data};

/// The lines of a default config with one of them replaced; fails unless it is refused.
#[track_caller]
fn refused(config: &Config) -> Ran {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let mut ran = sandbox.run(config).expect(2).fits_on_a_screen();
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    assert_eq!(ran.stdout, "");
    let check = sandbox.with_fixtures(&["config", "check", "tiny.toml"]).run().expect(2);
    assert_eq!(check.stderr, ran.stderr, "`config check` says the same");
    ran.stderr = sandbox.relative(&ran.stderr);
    ran
}

#[test]
fn an_unknown_key() {
    let ran = refused(&Config::default().train("epoch = 3"));
    let expected = "  \
  × unknown key `epoch` in [train]
    ╭─[tiny.toml:17:1]
 16 │ batch_size = 16
 17 │ epoch = 3
    · ──┬──
    ·   ╰── did you mean `epochs`?
 18 │ 
    ╰────
  help: known here: epochs, batch_size, optimizer, lr_schedule, augmentation, activation, skip,
        init, loss, teacher, update, give_up
";
    assert_eq!(ran.stderr, expected);
}

#[test]
fn an_unknown_plugin() {
    let ran = refused(&Config::default().train("activation = \"swich\""));
    ran.says(&[
        "× there is no activation named `swich`",
        "tiny.toml:17:14]",
        " 17 │ activation = \"swich\"\n    ·              ───┬───\n",
        "did you mean `swish`?",
        "activation plugins: ",
    ]);
}

#[test]
fn a_plugin_of_another_kind() {
    let ran = refused(&Config::default().train("skip = \"mish\""));
    ran.says(&["× `mish` is no skip", "tiny.toml:17:8]", "its kind is activation"]);
}

#[test]
fn parameters_that_do_not_fit() {
    let swish = |params: &str| {
        let line = format!("activation = {{ plugin = \"swish\", params = {{ {params} }} }}");
        refused(&Config::default().train(&line))
    };
    swish("bete = 2.0").says(&["`bete`", "did you mean `beta`?", "·"]);
    swish("beta = -1.0").says(&["`beta`", "-1", "from 0 to 1000000"]);
    swish("beta = \"steep\"").says(&["`beta`", "a number", "\"steep\""]);
    let missing = refused(&Config::default().train("lr_schedule = \"cut\""));
    missing.says(&["`after`", "tiny.toml:17:"]);
    let choice = "loss = { plugin = \"bad-loss\", params = { how = \"vectr\" } }";
    refused(&Config::default().train(choice)).says(&["vectr", "vector"]);
}

#[test]
fn wrong_types_and_ranges() {
    let train = |line: &str| refused(&Config::default().train(line));
    train("optimizer = { lr = \"fast\" }").says(&["`lr`", "\"fast\"", "a number"]);
    train("optimizer = { lr = 0.0 }").says(&["`lr`", "above 0"]);
    train("optimizer = { momentum = 1.0 }").says(&["`momentum`", "below 1"]);
    let draw = |text: &str| refused(&Config::default().draw(text));
    draw("levels = 2\nfraction = 1.0").says(&["`fraction`", "below 1"]);
    draw("levels = 2\nrewind = \"9ep\"").says(&["9ep", "rewind"]);
    draw("levels = 2\nkeep = [0.5]").says(&["`levels`", "`keep`"]);
    let spend = |text: &str| refused(&Config::default().spend("one", text));
    spend("levels = [3]").says(&["level 3", "2"]);
    spend("ticket_seed = 9").says(&["no ticket is drawn with seed 9", "seeds of this config: 1"]);
    spend("draw = \"inp\"").says(&["inp", "did you mean `imp`?"]);
}

#[test]
fn several_mistakes_are_shown_at_once() {
    let config = Config::default().train("epoch = 3").spend("a", "maks = \"own\"");
    let ran = refused(&config);
    ran.says(&["unknown key `epoch`", "unknown key `maks`"]);
}

#[test]
fn options_are_checked_like_keys() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&Config::default());
    let run = |args: &[&str]| {
        let ran = sandbox.jackpot(&["run", "tiny.toml"]).args(args).run().expect(2);
        assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
        ran
    };
    run(&["--set", "train.epochs=0"]).says(&["`epochs`", "--set:1:14", "at least 1"]);
    run(&["--set", "train.epoch=3"]).says(&["did you mean `epochs`?"]);
    run(&["--device", "gpu"]).says(&["gpu", "cuda"]);
    run(&["--shard", "3/2"]).says(&["3/2"]);
    run(&["--only", ""]).says(&["--only"]);
}

#[test]
fn a_file_that_is_not_there_and_one_that_is_no_toml() {
    let sandbox = Sandbox::new();
    sandbox.config(&Config::default());
    sandbox.jackpot(&["run", "tny.toml"]).run().expect(2).says(&["tny.toml", "tiny.toml"]);
    sandbox.write("broken.toml", "name = \"a\n");
    sandbox.jackpot(&["run", "broken.toml"]).run().expect(2).says(&["broken.toml:1"]);
}

#[test]
fn a_folder_that_is_something_else_is_left_alone() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&Config::default());
    sandbox.write("thesis/chapter.tex", "precious");
    let ran = sandbox.jackpot(&["run", "tiny.toml", "--out", "thesis"]).run().expect(2);
    ran.says(&["thesis is no run directory: it has `chapter.tex`, but no config.toml"]);
    assert_eq!(std::fs::read_dir(sandbox.at("thesis")).unwrap().count(), 1);
    let ran = sandbox.jackpot(&["status", "nowhere"]).run().expect(2);
    ran.says(&["nowhere is no run directory: there is no such folder"]);
}

#[test]
fn a_right_config_is_shown_with_every_default() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&Config::default());
    let ran = sandbox.jackpot(&["config", "check", "tiny.toml", "--print"]).run().expect(0);
    for line in ["momentum = 0.9", "weight_decay = 0.0002", "fraction = 0.2", "rewind = \"init\""] {
        assert!(ran.stdout.contains(line), "{line}\n{ran}");
    }
    sandbox.write("again.toml", &ran.stdout);
    let again = sandbox.jackpot(&["config", "check", "again.toml", "--print"]).run().expect(0);
    assert_eq!(again.stdout, ran.stdout, "it is its own resolved form");
    let schema = sandbox.jackpot(&["config", "schema"]).run().expect(0);
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).unwrap();
    assert!(schema["properties"]["train"].is_object(), "{schema:#}");
}
