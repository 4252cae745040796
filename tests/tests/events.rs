//! `jackpot run --json`: what happens, an object per line, alone on stdout.

#![allow(clippy::unwrap_used, reason = "tests")]

use jackpot_tests::config::Config;
use jackpot_tests::{Ran, Sandbox, data, results};
use serde_json::Value;

fn sandbox(config: &Config) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(config);
    sandbox
}

/// Every line of stdout.
fn lines(ran: &Ran) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}\n{ran}"));
    ran.stdout.lines().map(parse).collect()
}

fn named<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

/// A level that is drawn, a recipe that learns, and one that diverges.
fn wild() -> Config {
    let wild = "levels = [1]\noptimizer = { lr = 1e30 }";
    Config::default().draw("levels = 1").spend("wild", wild).spend("mish", "activation = \"mish\"")
}

#[test]
fn everything_is_told_in_order_and_nothing_else() {
    let sandbox = sandbox(&wild());
    let ran = sandbox.jackpot(&["run", "tiny.toml", "--json"]).run().expect(1);
    let lines = lines(&ran);
    let (first, last) = (&lines[0], lines.last().unwrap());
    assert_eq!(first["event"], "run");
    assert_eq!((&first["name"], &first["folder"]), (&"tiny".into(), &"runs/tiny".into()));
    assert_eq!((&last["event"], &last["exit_code"]), (&"end".into(), &1.into()));
    assert!(last["message"].as_str().unwrap().contains("1 job failed"), "{last}");
    assert_eq!((&lines[1]["event"], &lines[1]["total"]), (&"planned".into(), &5.into()));
    assert_eq!(named(&lines, "run").len() + named(&lines, "end").len(), 2);

    // Each training begins before it ends, and no two at once.
    let mut under_way = None;
    for line in &lines {
        match line["event"].as_str().unwrap() {
            "started" => assert_eq!(under_way.replace(&line["job"]), None, "{line}"),
            "progress" => assert_eq!(under_way, Some(&line["job"])),
            "done" | "failed" => assert_eq!(under_way.take(), Some(&line["job"])),
            _ => {}
        }
    }
    let failed = named(&lines, "failed");
    assert_eq!((failed.len(), &failed[0]["job"]["recipe"]), (1, &"wild".into()));
    assert!(failed[0]["error"].as_str().unwrap().contains("diverged"), "{}", failed[0]);

    // The numbers are those of the report.
    let done = named(&lines, "done");
    assert_eq!(done.len(), 4);
    let rows = results(&sandbox.at("runs/tiny"));
    for line in done {
        let job = |key: &str| line["job"][key].as_str().unwrap_or_default().to_owned();
        let level = line["job"]["level"].as_f64().unwrap();
        let row = rows
            .iter()
            .find(|row| row.get("recipe") == job("recipe") && row.number("level") == level);
        let accuracy = line["results"]["test_accuracy"].as_f64().unwrap();
        assert_eq!(row.unwrap().number("test_accuracy"), accuracy, "{line}");
        assert!(line["seconds"].as_f64().unwrap() > 0.0);
    }

    // People are told on stderr as ever, and the exit code is the same without.
    assert!(ran.stderr.contains("[1/5] draw imp seed 1 level 00: "), "{ran}");
    let plain = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(1);
    assert!(plain.stdout.contains("mish") && !plain.stdout.contains("\"event\""), "{plain}");
}

#[test]
fn halves_of_a_run_and_silence_on_stderr() {
    let config = Config::default().draw("levels = 1").spend("vanilla", "");
    let sandbox = sandbox(&config);
    let draw = sandbox.jackpot(&["draw", "tiny.toml", "--json", "-q"]).run().expect(0);
    assert_eq!(draw.stderr, "");
    let drawn = lines(&draw);
    assert_eq!((named(&drawn, "done").len(), named(&drawn, "linked").len()), (2, 0));
    let last = drawn.last().unwrap();
    assert_eq!((&last["exit_code"], &last["message"]), (&0.into(), &Value::Null));
    let spend = sandbox.jackpot(&["spend", "tiny.toml", "--json", "-q"]).run().expect(0);
    assert_eq!(named(&lines(&spend), "linked").len(), 2, "{spend}");
    // On stderr, too, if asked for: the events are the same objects.
    let again = ["run", "tiny.toml", "--json", "--log-format", "json"];
    let again = sandbox.jackpot(&again).run().expect(0);
    let planned = "{\"event\":\"planned\",\"total\":4,\"finished\":4}";
    assert!(again.stdout.lines().any(|line| line == planned), "{again}");
    assert!(again.stderr.lines().any(|line| line == planned), "{again}");
}

#[test]
fn an_error_before_the_first_job_is_the_only_line() {
    let sandbox = sandbox(&Config::default());
    let ran = sandbox.jackpot(&["run", "tiny.toml", "--json", "--set", "train.epochs=0"]).run();
    let ran = ran.expect(2).says(&["out of range"]);
    let lines = lines(&ran);
    assert_eq!((lines.len(), &lines[0]["event"]), (1, &"end".into()), "{ran}");
    assert_eq!(lines[0]["exit_code"], 2);
    assert!(lines[0]["message"].as_str().unwrap().contains("epochs"), "{ran}");
}
