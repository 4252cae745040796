//! `jackpot connect`: the ends are the two networks, and between them lie others.

use std::fs;
use std::path::PathBuf;

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::{Sandbox, data};

fn run() -> PathBuf {
    shared("connect", |sandbox| {
        data::tensors(sandbox);
        let config = Config::default()
            .top("seeds = [1, 2]")
            .draw("levels = 1")
            .spend("own", "activation = \"swish\"")
            .spend("one", "ticket_seed = 1");
        sandbox.config(&config);
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    })
}

fn accuracy(sandbox: &Sandbox, seed: u64, key: &str) -> f64 {
    let path = format!("runs/tiny/spend/own/imp/seed-{seed}/level-01/job.json");
    let json = fs::read_to_string(sandbox.at(&path)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json["results"][key].as_f64().unwrap()
}

#[test]
fn the_ends_are_the_two_networks() {
    let sandbox = Sandbox::copy_of(&run());
    let args = ["connect", "runs/tiny", "--level", "1", "--recipe", "own", "--seeds", "1,2"];
    let more = ["--points", "5", "-o", "path.csv"];
    let ran = sandbox.jackpot(&[&args[..], &more].concat()).run().expect(0);
    let ran = ran.says(&["The two are different tickets", "path.csv and path.svg"]);
    assert!(ran.stdout.contains("barrier: "), "{ran}");
    let csv = fs::read_to_string(sandbox.at("path.csv")).unwrap();
    let rows: Vec<Vec<f64>> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let alphas: Vec<f64> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(alphas, [0.0, 0.25, 0.5, 0.75, 1.0]);
    for (row, seed) in [(&rows[0], 1), (&rows[4], 2)] {
        let error = 100.0 * (1.0 - accuracy(&sandbox, seed, "test_accuracy_last"));
        assert!((row[1] - error).abs() < 1e-3, "{row:?} {error}");
    }
    // The barrier that is printed is the rows' own.
    let barrier = rows.iter().map(|row| row[1] - (1.0 - row[0]) * rows[0][1] - row[0] * rows[4][1]);
    let barrier = format!("barrier: {:.2} points", barrier.fold(0.0, f64::max));
    assert!(ran.stdout.contains(&barrier), "{barrier}\n{ran}");
    assert!(fs::read_to_string(sandbox.at("path.svg")).unwrap().starts_with("<svg"));
}

#[test]
fn one_ticket_is_told_from_two_and_wrong_use_is_refused() {
    let sandbox = Sandbox::copy_of(&run());
    let connect = |more: &[&str]| {
        sandbox.jackpot(&[&["connect", "runs/tiny", "--level", "1"], more].concat()).run()
    };
    let ran = connect(&["--recipe", "one", "--seeds", "1,2", "--points", "2"]).expect(0);
    assert!(!ran.stderr.contains("different tickets"), "{ran}");
    connect(&["--seeds", "1,2", "--points", "2"]).expect(0).says(&["different tickets"]);
    connect(&["--seeds", "1"]).expect(2).says(&["seeds of two networks"]);
    connect(&["--seeds", "1,1"]).expect(2).says(&["names one network twice"]);
    connect(&["--recipe", "two", "--seeds", "1,2"]).expect(2).says(&["none of the"]);
}

#[test]
fn the_documented_command_works() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/connect.md");
    let page = fs::read_to_string(page).unwrap();
    let block = page.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let [command] = block.lines().collect::<Vec<_>>().try_into().unwrap();
    let sandbox = Sandbox::copy_of(&run());
    fs::rename(sandbox.at("runs/tiny"), sandbox.at("runs/mine")).unwrap();
    let args: Vec<&str> = command.split_whitespace().skip(1).collect();
    let ran = sandbox.jackpot(&args).run().expect(0);
    assert_eq!(ran.stdout.lines().count(), 1 + 1 + 11 + 1, "{ran}");
}
