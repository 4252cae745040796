//! Means, pairs and gaps of small runs, worked out by hand.

use super::super::difference::Verdict;
use super::super::run::Primary;
use super::super::sample;
use super::*;

#[test]
fn a_grid_of_recipes_and_levels() {
    let run = sample::tiny();
    let summary = Summary::of(&run);
    assert_eq!(summary.recipes, ["vanilla", "mish, \"<ghost>\" & co"]);
    assert_eq!((summary.baseline, summary.seeds()), (0, 2));
    let [block] = &summary.blocks[..] else { panic!("one draw, one block") };
    assert_eq!(block.draw, "imp");
    let level = |number, kept| Level { number, kept: Some(kept) };
    assert_eq!(block.levels, [level(0, 1.0), level(1, 0.8)]);

    let vanilla = &block.lines[0].cells[0];
    // Two seeds with 0.60 and 0.62.
    assert_eq!(vanilla.samples.len(), 2);
    assert!((vanilla.accuracy.unwrap().mean - 0.61).abs() < 1e-12);
    assert!(vanilla.gain.is_none(), "the baseline gains nothing over itself");

    let dense = block.lines[1].cells[0].gain.as_ref().unwrap();
    // 0.61 − 0.60 and 0.63 − 0.62.
    assert_eq!(dense.estimate.n, 2);
    assert!((dense.estimate.mean - 0.01).abs() < 1e-12);
    assert!(block.lines[1].cells[0].excess.is_none(), "the dense network is what is taken away");

    let sparse = &block.lines[1].cells[1];
    assert_eq!((sparse.samples.len(), sparse.failed, sparse.missing), (1, 1, 0));
    // Only seed 1 has both: 0.60 − 0.58.
    let gain = &sparse.gain.as_ref().unwrap().estimate;
    assert_eq!(gain.n, 1);
    assert!((gain.mean - 0.02).abs() < 1e-12);
    // Of which 0.01 is the dense network's, too.
    let excess = sparse.excess.as_ref().unwrap();
    assert_eq!(excess.pairs.len(), 1);
    assert!((excess.estimate.mean - 0.01).abs() < 1e-12);
    assert_eq!(sparse.mean(|r| r.weights_training), Some(950));
}

#[test]
fn another_baseline_turns_the_gains_round() {
    let mut run = sample::tiny();
    run.baseline = Some("mish, \"<ghost>\" & co".into());
    let summary = Summary::of(&run);
    assert_eq!(summary.baseline, 1);
    let gain = summary.blocks[0].lines[0].cells[0].gain.as_ref().unwrap();
    assert!((gain.estimate.mean + 0.01).abs() < 1e-12);
    run.baseline = Some("no such recipe".into());
    assert_eq!(Summary::of(&run).baseline, 0);
}

#[test]
fn a_run_that_only_draws_shows_its_own_trainings() {
    let mut run = sample::tiny();
    run.rows.retain(|r| r.recipe.is_none());
    let summary = Summary::of(&run);
    assert_eq!(summary.recipes, ["(draw)"]);
    assert_eq!(summary.blocks[0].lines[0].cells[0].samples.len(), 2);
    run.rows.clear();
    assert!(Summary::of(&run).blocks.is_empty());
}

#[test]
fn a_recipe_that_skips_a_level_has_an_empty_cell_there() {
    let mut run = sample::tiny();
    run.rows.retain(|r| r.level == 0 || r.recipe.as_deref() == Some("vanilla"));
    let summary = Summary::of(&run);
    let cell = &summary.blocks[0].lines[1].cells[1];
    assert_eq!((cell.planned(), cell.mean(|r| r.flops)), (0, None));
}

#[test]
fn draws_make_blocks_with_their_own_levels() {
    let shape =
        sample::Shape { recipes: &["vanilla", "a"], draws: &["imp", "snip"], seeds: 2, levels: 3 };
    let mut run = sample::large("two draws", &shape);
    run.rows.retain(|r| r.draw == "imp" || (r.level == 2 && r.recipe.as_deref() == Some("a")));
    let summary = Summary::of(&run);
    assert_eq!(summary.blocks.len(), 2);
    assert_eq!(summary.blocks[1].levels.len(), 1);
    assert!(summary.blocks[1].line(0).is_none());
    // A recipe keeps its place, so its colour, from block to block.
    assert_eq!(summary.blocks[1].line(1).unwrap().name, "a");
    assert!(summary.blocks[1].lines[0].cells[0].gain.is_none(), "nothing to compare with");
}

/// Six gains with a t of about 17 each, which is p = 0.003: corrected for six it stands, and the
/// primary one is not among them.
#[test]
fn the_declared_comparison_is_tested_alone() {
    let shape = sample::Shape { recipes: &["vanilla", "a"], draws: &["imp"], seeds: 3, levels: 6 };
    let mut run = sample::large("declared", &shape);
    for row in &mut run.rows {
        let gain = if row.recipe.as_deref() == Some("a") { 0.01 } else { 0.0 };
        let noise = 0.001 * (row.seed as f64 - 43.0) * gain / 0.01;
        row.results.as_mut().unwrap().test_accuracy = 0.5 + gain + noise;
    }
    assert_eq!(Summary::of(&run).family, 6);
    run.about.primary = Some(Primary { recipe: "a".into(), draw: None, level: 4 });
    let summary = Summary::of(&run);
    assert_eq!(summary.family, 5);
    let gains: Vec<&Difference> = summary.cells().filter_map(|cell| cell.gain.as_ref()).collect();
    assert!(gains.iter().enumerate().all(|(i, gain)| gain.primary == (i == 4)));
    let p = gains[4].p.unwrap();
    assert_eq!(gains[4].corrected, Some(p));
    // All five have the same p, so each is multiplied by five.
    assert!((gains[0].corrected.unwrap() - 5.0 * gains[0].p.unwrap()).abs() < 1e-9);
    assert!(gains.iter().all(|gain| gain.verdict() == Verdict::Above));
    // Against another baseline it is not the declared comparison any more.
    run.baseline = Some("a".into());
    assert!(Summary::of(&run).cells().filter_map(|c| c.gain.as_ref()).all(|gain| !gain.primary));
}
