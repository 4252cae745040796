//! Several runs beside each other.

use std::fs;

use jackpot_tests::Sandbox;
use jackpot_tests::made_up::MadeUp;

fn compare(first: &MadeUp<'_>, second: &MadeUp<'_>) -> (String, String) {
    let sandbox = Sandbox::new();
    for (name, run) in [("a", first), ("b", second)] {
        run.write(&sandbox.at(&format!("runs/{name}")));
    }
    let ran = sandbox.jackpot(&["report", "runs/a", "runs/b", "-o", "both"]).run();
    assert_eq!(ran.code, 0, "{ran}");
    assert!(sandbox.at("both/a/report.html").is_file() && sandbox.at("both/report.html").is_file());
    (ran.stdout, fs::read_to_string(sandbox.at("both/results.md")).unwrap())
}

#[test]
fn on_the_same_data_they_are_paired() {
    let other = MadeUp { recipes: vec!["kd".to_owned()], ..MadeUp::default() };
    let (stdout, markdown) = compare(&MadeUp::default(), &other);
    assert!(stdout.contains("a and b"), "{stdout}");
    assert!(markdown.contains("Gain over a: vanilla in points, paired by seed"), "{markdown}");
    // The first recipe of a made-up run has the accuracies of any other's first.
    assert!(markdown.contains("| b: kd | 0.00 ± 0.00 |"), "{markdown}");
}

#[test]
fn on_different_data_it_is_said_that_they_are_not_compared() {
    let other = MadeUp { dataset: "cifar10", ..MadeUp::default() };
    let (_, markdown) = compare(&MadeUp::default(), &other);
    assert!(
        markdown.contains("a and b are on different data (cifar100 and cifar10)"),
        "{markdown}"
    );
    assert!(
        markdown.contains("## Draw imp on cifar100") && markdown.contains("## Draw imp on cifar10")
    );
    let b = markdown.lines().filter(|line| line.starts_with("| b: "));
    assert_eq!(b.count(), 2, "accuracies alone:\n{markdown}");
}

#[test]
fn without_a_common_seed_only_means_stand_side_by_side() {
    let other = MadeUp { seeds: vec![7, 8, 9], ..MadeUp::default() };
    let (_, markdown) = compare(&MadeUp::default(), &other);
    assert!(markdown.contains("a and b have no seed in common"), "{markdown}");
}
