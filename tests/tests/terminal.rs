//! What a run prints, and `plan` and `status`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Sandbox, data};
use serde_json::Value;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&Config::default().spend("vanilla", "").spend("mish", "activation = \"mish\""));
    sandbox
}

fn events(ran: &Ran) -> Vec<Value> {
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}\n{ran}"))
    };
    ran.stderr.lines().map(parse).collect()
}

#[test]
fn json_lines_tell_all_events() {
    let sandbox = sandbox();
    let run = |more: &[&str]| {
        sandbox.jackpot(&["run", "tiny.toml", "--log-format", "json"]).args(more).run()
    };
    let ran = run(&[]).expect(0);
    let events = events(&ran);
    let named = |name: &str| -> Vec<&Value> {
        events.iter().filter(|event| event["event"] == name).collect()
    };
    assert_eq!(named("planned").len(), 1);
    assert_eq!(
        (&named("planned")[0]["total"], &named("planned")[0]["finished"]),
        (&9.into(), &0.into())
    );
    assert_eq!(named("started").len(), 6);
    assert_eq!(named("done").len(), 6);
    assert_eq!(named("linked").len(), 3);
    for done in named("done") {
        assert!(done["results"]["test_accuracy"].is_number() && done["job"]["kind"].is_string());
        assert!(done["seconds"].as_f64().unwrap() > 0.0);
    }
    assert!(ran.stdout.contains("vanilla"), "the table is on stdout: {ran}");
    // Errors, too.
    let failed = run(&["--set", "train.epochs=0"]).expect(2);
    let last = self::events(&failed).pop().unwrap();
    assert_eq!((&last["event"], &last["exit_code"]), (&"error".into(), &2.into()));
    assert!(last["message"].as_str().unwrap().contains("epochs"));
}

#[test]
fn without_a_terminal_there_are_lines_and_no_bars() {
    let sandbox = sandbox();
    let plain = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    for ran in [&plain, &sandbox.jackpot(&["run", "tiny.toml", "--no-progress"]).run().expect(0)] {
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains('\x1b') && !text.contains('\r'), "{ran}");
        }
    }
    let plain = plain.says(&["9 jobs"]);
    let lines = |words: &str| plain.stderr.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines("draw imp seed 1 level 00: "), 1, "{plain}");
    assert_eq!(lines("spend mish on imp seed 1 level 02: "), 1, "{plain}");
    assert_eq!(lines("the same training as draw imp"), 3, "{plain}");
    let again = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    again.says(&["9 jobs", "all done"]);
}

#[test]
fn quiet_prints_the_result_alone() {
    let sandbox = sandbox();
    let ran = sandbox.jackpot(&["run", "tiny.toml", "-q"]).run().expect(0);
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.contains("mish"), "{ran}");
}

#[test]
fn verbose_prints_what_plugins_say() {
    let sandbox = sandbox();
    let check = "init = { plugin = \"check-model\", params = { masks = 7 } }";
    sandbox.config(&Config::default().draw("levels = 0").train(check));
    let ran = sandbox.with_fixtures(&["run", "tiny.toml", "-v"]).run().expect(0);
    ran.says(&["checking the model"]);
}

#[test]
fn plan_tells_what_a_run_would_do() {
    let sandbox = sandbox();
    let before = sandbox.jackpot(&["plan", "tiny.toml"]).run().expect(0);
    assert!(before.stdout.starts_with("9 jobs: 3 to be linked, 6 to do\n"), "{before}");
    assert!(!sandbox.at("runs").exists(), "plan writes nothing");
    sandbox.jackpot(&["draw", "tiny.toml"]).run().expect(0);
    let half = sandbox.jackpot(&["plan", "tiny.toml"]).run().expect(0);
    let first = half.stdout.lines().next().unwrap();
    assert!(first.ends_with("9 jobs: 3 done, 3 to be linked, 3 to do"), "{half}");
    assert!(half.stdout.contains("left: about"), "time and disk are estimated: {half}");
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let more = sandbox.jackpot(&["plan", "tiny.toml", "--seed", "1,2"]).run().expect(0);
    let first = more.stdout.lines().next().unwrap();
    assert!(first.contains("18 jobs: 6 done, 3 linked, 3 to be linked, 6 to do"), "{more}");
    let changed = sandbox.jackpot(&["plan", "tiny.toml", "--set", "spend.mish.epochs=3"]);
    let changed = changed.run().expect(0);
    assert!(changed.stdout.contains("3 in conflict"), "{changed}");
}

#[test]
fn status_tells_how_a_run_stands_without_its_config_and_data() {
    let sandbox = sandbox();
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    fs::remove_file(sandbox.at("tiny.toml")).unwrap();
    fs::remove_file(sandbox.at("data.safetensors")).unwrap();
    let status = sandbox.jackpot(&["status", "runs/tiny"]).run().expect(0);
    assert!(status.stdout.contains("runs/tiny: 9 jobs: 6 done, 3 linked"), "{status}");
    assert!(status.stdout.contains("nothing is left to do"), "{status}");
    let report = sandbox.jackpot(&["report", "runs/tiny"]).run().expect(0);
    assert!(report.stdout.contains("mish"), "{report}");
    let other = sandbox.jackpot(&["report", "runs/tiny", "--baseline", "nobody"]).run().expect(2);
    other.says(&["no recipe `nobody`", "mish"]);
}

#[test]
fn a_running_job_is_shown_with_its_process() {
    let sandbox = sandbox();
    let slow = "augmentation = { plugin = \"slow\", params = { milliseconds = 300 } }";
    sandbox.config(&Config::default().draw("levels = 0").train(slow));
    let running = sandbox.start(&[]);
    let status = sandbox.jackpot(&["status", "runs/tiny"]).run().expect(0);
    assert!(status.stdout.contains("1 running"), "{status}");
    assert!(status.stdout.contains("draw imp seed 1 level 00: "), "{status}");
    running.wait().expect(0);
}

#[test]
fn a_config_is_explained_in_words() {
    let sandbox = sandbox();
    let ran = sandbox.jackpot(&["config", "check", "tiny.toml"]).run().expect(0);
    for words in [
        "network    resnet8 (width 4)",
        "imp: 2 levels, each prunes 20 % of what is left, down to 64 %, by magnitude",
        "vanilla: as [train]; tickets of imp; all levels",
        "mish: activation mish; tickets of imp; all levels",
        // Vanilla is the draw's own.
        "trainings  6: 3 to draw, 3 to spend; 3 more jobs are the same training as another job",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{ran}");
    }
    // A narrow terminal gets lines that fit.
    let program = sandbox.jackpot(&["config", "check", "tiny.toml"]).env("COLUMNS", "40");
    let narrow = program.run().expect(0);
    assert!(narrow.stdout.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    assert!(!ran.stdout.contains("time "), "nothing was measured: {ran}");
    let ran = sandbox.jackpot(&["config", "check", "tiny.toml", "--measure"]).run().expect(0);
    for words in ["for one process on this machine (1 thread)", "3 trainings of recipe `mish` at"] {
        assert!(ran.stdout.replace('\n', " ").contains(words), "{words}\n{ran}");
    }
    assert!(ran.stdout.lines().any(|line| line.starts_with("disk")), "{ran}");
    assert!(!sandbox.at("runs").exists(), "nothing is written");
}

#[test]
fn the_estimate_of_disk_is_near_what_a_run_takes() {
    let sandbox = sandbox();
    let ran = sandbox.jackpot(&["config", "check", "tiny.toml", "--measure"]).run().expect(0);
    let line = ran.stdout.lines().find(|line| line.starts_with("disk")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let estimated: f64 = words[2].parse().unwrap();
    assert_eq!(words[3], "MB", "{line}");
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let weights = jackpot_tests::files::contents(&sandbox.at("runs/tiny"));
    let size: usize = weights
        .iter()
        .filter(|(name, _)| name.ends_with(".safetensors"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    let size = size as f64 / 1e6;
    // Headers of the files are not counted.
    assert!((0.5..1.1).contains(&(estimated / size)), "{estimated} MB, and it took {size} MB");
}

#[test]
fn completions_know_commands_and_options() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = sandbox.jackpot(&["completions", shell]).run().expect(0);
        for word in ["export", "connect", "shrink", "no-progress"] {
            assert!(ran.stdout.contains(word), "{shell} {word}");
        }
    }
    sandbox.jackpot(&["completions", "tcsh"]).run().expect(2);
}
