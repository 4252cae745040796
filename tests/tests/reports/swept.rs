//! A sweep from the config to the report: trials are trained, ranked on validation, and the best
//! one is shown.

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::{Row, Sandbox, data, results};

#[test]
fn trials_are_trained_and_the_best_on_validation_is_shown() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = Config::default()
        .draw("levels = 1")
        .spend("vanilla", "")
        .spend("tuned", "levels = [1]\nsweep = { \"optimizer.lr\" = [0.001, 0.1, 0.3] }");
    sandbox.run(&config).expect(0);
    let run = sandbox.at("runs/tiny");
    let rows = results(&run);
    let trials: Vec<&Row> =
        rows.iter().filter(|row| row.get("recipe").starts_with("tuned@lr-")).collect();
    assert_eq!(trials.len(), 3);
    // The first of the best: names rise as the rates do.
    let best = trials.iter().fold(trials[0], |best, row| {
        let better = row.number("validation_accuracy") > best.number("validation_accuracy");
        if better { row } else { best }
    });
    let markdown = fs::read_to_string(run.join("results.md")).unwrap();
    let shown = format!("{:.2}", 100.0 * best.number("test_accuracy"));
    let line = markdown.lines().find(|line| line.starts_with("| tuned † |")).unwrap();
    assert!(line.ends_with(&format!("| {shown} |")), "{shown}: {line}");
    let chosen = format!("chosen without the test data: {} at level 1", best.get("recipe"));
    assert!(markdown.contains(&chosen), "{chosen}\n{markdown}");
    let resolved = fs::read_to_string(run.join("config.toml")).unwrap();
    assert!(!resolved.contains("sweep") && resolved.matches("trial_of = \"tuned\"").count() == 3);
}
