//! The scores in real runs of the program.

use jackpot_tests::config::Config;
use jackpot_tests::tensors::{self, State};
use jackpot_tests::{Ran, Sandbox, data, results};

/// Each score as a config names it, under a draw's name.
const DRAWS: [(&str, &str); 7] = [
    ("layer", r#"{ plugin = "magnitude", params = { scope = "layer" } }"#),
    ("random", r#""random""#),
    ("erk", r#""erk-random""#),
    ("snip", r#"{ plugin = "snip", params = { samples_per_class = 3 } }"#),
    ("iterative", r#"{ plugin = "snip", params = { samples_per_class = 3, rounds = 4 } }"#),
    ("grasp", r#"{ plugin = "grasp", params = { samples_per_class = 3, batch_size = 5 } }"#),
    ("synflow", r#"{ plugin = "synflow", params = { rounds = 10 } }"#),
];

const KEEP: [f64; 2] = [0.3, 0.1];

fn run(sandbox: &Sandbox, config: &Config) -> Ran {
    sandbox.config(config);
    sandbox.jackpot(&["run", "tiny.toml"]).run()
}

/// Masks of both levels of every draw.
fn drawn() -> Vec<[State; 2]> {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let mut config = Config::default();
    let draw = |(name, score)| format!("name = \"{name}\"\nscore = {score}\nkeep = {KEEP:?}");
    config.draws = DRAWS.map(draw).into();
    run(&sandbox, &config).expect(0);
    let run = sandbox.at("runs/tiny");
    for row in results(&run) {
        let level = row.number("level") as usize;
        let total = row.number("weights_total");
        let share = if level == 0 { 1.0 } else { KEEP[level - 1] };
        assert_eq!(row.number("weights_kept"), (share * total).round(), "{}", row.folder());
    }
    let mask = |name: &str, level: usize| {
        tensors::read(&run.join(format!("draw/{name}/seed-1/level-{level:02}/mask.safetensors")))
    };
    DRAWS.map(|(name, _)| [1, 2].map(|level| mask(name, level))).into()
}

#[test]
fn every_score_draws_nested_tickets_the_same_each_time() {
    let first = drawn();
    for ((name, _), [one, two]) in DRAWS.iter().zip(&first) {
        for (layer, mask) in two {
            let before = one[layer].flags();
            assert!(
                mask.flags().iter().zip(before).all(|(now, was)| was || !now),
                "{name}: {layer}"
            );
        }
    }
    for (index, [one, _]) in first.iter().enumerate() {
        assert!(first[..index].iter().all(|[other, _]| one != other), "{}", DRAWS[index].0);
    }
    assert!(first == drawn(), "another run, other masks");
}

#[test]
fn bad_parameters_are_refused_before_anything_runs() {
    for (score, params, words) in [
        ("magnitude", "scope = \"layers\"", "global"),
        ("snip", "samples_per_class = 0", "out of range"),
        ("snip", "statistics = \"eval\"", "running"),
        ("grasp", "temperature = 0.0", "out of range"),
        ("grasp", "rounds = 2", "rounds"),
        ("synflow", "rounds = 0", "out of range"),
        ("random", "seed = 1", "seed"),
    ] {
        let sandbox = Sandbox::new();
        data::tensors(&sandbox);
        let draw =
            format!("score = {{ plugin = \"{score}\", params = {{ {params} }} }}\nlevels = 1");
        run(&sandbox, &Config::default().draw(&draw)).expect(2).says(&[words]);
        assert!(!sandbox.at("runs/tiny").exists(), "{score} {params}");
    }
}
