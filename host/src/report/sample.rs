//! Made-up runs for the tests of the report.

use super::run::{About, Layer, Plugin, Point, Row, Run, Split, Status, Time};
use crate::train::results::Results;

/// Numbers small enough to be worked out by hand: two seeds, two levels, two recipes, one failed
/// job, and a name with every character that needs care.
pub fn tiny() -> Run {
    let odd = Some("mish, \"<ghost>\" & co");
    let linked = |row: Row| Row { status: Status::Linked("draw/imp/…".into()), ..row };
    let failed = Row {
        status: Status::Failed("loss is NaN at step 3\nthe rest of the story".into()),
        results: None,
        ..row(odd, 2, 1, 0.0)
    };
    Run {
        name: "tiny".into(),
        baseline: None,
        about: About {
            facts: vec![
                ("dataset".into(), "synthetic".into()),
                ("architecture".into(), "resnet8".into()),
            ],
            config: "name = \"tiny\" # <&>\n".into(),
            ..About::default()
        },
        rows: vec![
            row(None, 1, 0, 0.60),
            row(None, 2, 0, 0.62),
            linked(row(Some("vanilla"), 1, 0, 0.60)),
            row(Some("vanilla"), 1, 1, 0.58),
            linked(row(Some("vanilla"), 2, 0, 0.62)),
            row(Some("vanilla"), 2, 1, 0.59),
            row(odd, 1, 0, 0.61),
            row(odd, 1, 1, 0.60),
            row(odd, 2, 0, 0.63),
            failed,
        ],
    }
}

/// A finished job of draw `imp` with round numbers that follow from its arguments.
pub fn row(recipe: Option<&str>, seed: u64, level: usize, accuracy: f64) -> Row {
    let tweaked = recipe.is_some_and(|r| r != "vanilla");
    let kept = if level == 0 { 1000 } else { 800 };
    // Hundredths, so that no binary rounding shows in the expected texts.
    let hundredths = |x: f64| (100.0 * x).round() / 100.0;
    Row {
        recipe: recipe.map(Into::into),
        draw: "imp".into(),
        seed,
        level,
        status: Status::Done,
        other_seed: None,
        results: Some(Results {
            test_accuracy: accuracy,
            test_accuracy_last: hundredths(accuracy - 0.01),
            validation_accuracy: Some(hundredths(accuracy + 0.01)),
            test_loss: 1.25,
            best_epoch: 2,
            weights_kept: kept,
            weights_total: 1000,
            weights_training: kept + if tweaked { 150 } else { 100 },
            flops: 4 * kept + if tweaked { 100 } else { 0 },
            given_up: None,
            test_calibration_error: Some(0.125),
            weights_exported: Some(kept + 100),
            training_flops: Some(24 * kept),
            precision: "f32".into(),
        }),
        time: None,
        curve: vec![],
        layers: vec![],
        learned: vec![],
    }
}

/// The shape of a larger made-up run.
pub struct Shape<'a> {
    pub recipes: &'a [&'a str],
    pub draws: &'a [&'a str],
    pub seeds: u64,
    pub levels: usize,
}

/// A run of any size with plausible, reproducible numbers, curves and layers.
pub fn large(name: &str, shape: &Shape<'_>) -> Run {
    let mut rows = Vec::new();
    for (d, draw) in shape.draws.iter().enumerate() {
        for (r, recipe) in shape.recipes.iter().enumerate() {
            for seed in 0..shape.seeds {
                for level in 0..shape.levels {
                    let noise = noise(((d * 31 + r) * 131 + level) as u64 * 977 + seed);
                    let depth = level as f64 / 16.0;
                    let accuracy = 0.70 + 0.004 * r as f64 * (0.5 + depth)
                        - 0.09 * depth.powi(3) * (1.0 - 0.05 * r as f64)
                        - 0.02 * d as f64
                        + 0.004 * noise;
                    let mut row = row(Some(recipe), 42 + seed, level, accuracy);
                    row.draw = (*draw).to_owned();
                    grow(&mut row, r, level);
                    rows.push(row);
                }
            }
        }
    }
    let fact = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    Run {
        name: name.into(),
        baseline: None,
        about: About {
            facts: vec![
                fact("dataset", "cifar100"),
                fact("architecture", "resnet20 (width 16)"),
                fact("device", "cuda:0"),
                fact("precision", "f32"),
                fact("training", "182 epochs, batch 128, sgd lr 0.1"),
            ],
            recipes: shape.recipes.iter().map(|r| ((*r).into(), format!("tweak {r}"))).collect(),
            notes: vec![],
            config: format!(
                "name = \"{name}\"\nseeds = [42, 43, 44]\n\n[data]\ndataset = \"cifar100\"\n"
            ),
            plugins: vec![Plugin {
                kind: "activation".into(),
                name: "mish".into(),
                version: "0.1.0".into(),
                sha256: "5b794928c145ac5264b73db83bf518ad5ced779d0ec1fd566cf254479a02a061".into(),
            }],
            command: ["jackpot", "run", "my config.toml"].map(str::to_owned).into(),
            ..About::default()
        },
        rows,
    }
}

/// Gives a row sizes, a course of training and layers of a network with 272,474 weights.
fn grow(row: &mut Row, recipe: usize, level: usize) {
    let kept = 0.8f64.powi(level as i32);
    let Some(results) = &mut row.results else { return };
    results.weights_total = 270_896;
    results.weights_kept = (270_896.0 * kept).round() as u64;
    results.weights_training = results.weights_kept + 1_578 + 12_000 * recipe as u64;
    results.weights_exported = Some(results.weights_kept + 1_578);
    results.flops = (81.4e6 * kept) as u64 + 3_000_000 * recipe as u64;
    results.training_flops = Some(3 * results.flops * 60 * 45_000);
    results.test_calibration_error = Some(0.04 + 0.01 * noise(row.seed + level as u64));
    row.time = Some(Time { seconds: 600.0 * kept + 60.0 * recipe as f64, resumed: false });
    let end = results.test_accuracy;
    for epoch in 0..=60u32 {
        let t = f64::from(epoch) / 60.0;
        let rise = 1.0 - (-5.0 * t).exp();
        let accuracy = 0.01 + (end - 0.01) * rise + 0.004 * noise(u64::from(epoch) + row.seed);
        for (split, shift) in [(Split::Train, 0.05), (Split::Validation, 0.0)] {
            row.curve.push(Point {
                epoch: f64::from(epoch),
                split,
                loss: Some(4.6 * (1.0 - rise) + 0.9 - 4.0 * shift),
                accuracy: Some(accuracy + shift * t),
                rate: (split == Split::Train)
                    .then(|| 0.05 * (1.0 + (std::f64::consts::PI * t).cos())),
                knobs: match (split, recipe) {
                    (Split::Train, 2) => {
                        vec![("ghost-skip.alpha".into(), (1.0 - 3.0 * t).max(0.0))]
                    }
                    _ => vec![],
                },
            });
        }
    }
    for (i, name) in layer_names().into_iter().enumerate() {
        let weights = if i == 0 { 432 } else { 2304 << (2 * ((i - 1) / 6)) };
        let bend = 1.0 + 0.12 * (level as f64) * (i as f64 - 9.0) / 9.0;
        let kept = (weights as f64 * kept.powf(bend.max(0.2))).round() as u64;
        row.layers.push(Layer {
            name,
            weights,
            kept,
            dead_outputs: u64::from(level > 10) * (i as u64 % 3),
            dead_inputs: 0,
        });
    }
}

fn layer_names() -> Vec<String> {
    let blocks =
        (0..18).map(|i| format!("layer{}.{}.conv{}.weight", i / 6 + 1, (i % 6) / 2, i % 2 + 1));
    std::iter::once("conv1.weight".to_owned()).chain(blocks).collect()
}

/// A fixed pseudo-random number in [−1, 1].
fn noise(i: u64) -> f64 {
    let x = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x >> 11) as f64 / (1u64 << 52) as f64) - 1.0
}
