//! The Markdown file to the letter.

use super::super::sample;
use super::*;

#[test]
fn a_small_run_to_the_letter() {
    let expected = "\
# tiny

- dataset: synthetic
- architecture: resnet8

Sparsity across; test accuracy in %, mean ± s.d. over n = 2 seeds.

| recipe | 0 % | 20.0 % |
|:--|--:|--:|
| vanilla | 61.00 ± 1.41 | 58.50 ± 0.71 |
| mish, \"&lt;ghost>\" &amp; co | 62.00 ± 1.41 | 60.00 (1) |

Gain over vanilla in points, paired by seed: mean ± half width of its 95 % t interval.

| recipe | 0 % | 20.0 % |
|:--|--:|--:|
| mish, \"&lt;ghost>\" &amp; co | +1.00 ± 0.00 | +2.00 (1) |

Gain at this sparsity less the gain of the same recipe on the dense network, paired by seed: what it does for the ticket beyond what it does for any network.

| recipe | 0 % | 20.0 % |
|:--|--:|--:|
| mish, \"&lt;ghost>\" &amp; co |  | +1.00 (1) |

- A number in brackets: so many seeds instead of 2.
- 1 job failed:
  - mish, \"&lt;ghost>\" &amp; co, draw imp, seed 2, level 1: loss is NaN at step 3
";
    assert_eq!(markdown(&sample::tiny()), expected);
}

#[test]
fn bold_is_what_stands_correction() {
    let shape = sample::Shape { recipes: &["vanilla", "a"], draws: &["imp"], seeds: 3, levels: 2 };
    let mut run = sample::large("bold", &shape);
    // Gains of 10 points at level 0, and of 1 ± 0.4 at level 1: t = 4.33, p = 0.0494 by itself.
    for row in &mut run.rows {
        let step = row.seed as f64 - 43.0;
        let gain = if row.level == 0 { 0.1 + 0.001 * step } else { 0.01 + 0.004 * step };
        let gain = if row.recipe.as_deref() == Some("a") { gain } else { 0.0 };
        row.results.as_mut().unwrap().test_accuracy = 0.5 + gain;
    }
    let text = markdown(&run);
    assert!(text.contains("| a | **+10.00 ± 0.25** | **+1.00 ± 0.99** |"), "{text}");
    // With 20 comparisons more, the second one is none any more.
    for level in 2..22 {
        let more = run.rows.clone().into_iter().filter(|row| row.level == 1);
        let mut more: Vec<_> = more.collect();
        for row in &mut more {
            row.level = level;
            let step = if row.seed == 43 { 0.1 } else { -0.05 };
            let plain = row.recipe.as_deref() == Some("vanilla");
            row.results.as_mut().unwrap().test_accuracy = if plain { 0.5 } else { 0.5 + step };
        }
        run.rows.extend(more);
    }
    let text = markdown(&run);
    assert!(text.contains("| a | **+10.00 ± 0.25** | +1.00 ± 0.99 |"), "{text}");
    assert!(text.contains("also after Holm's correction for 22 gains"), "{text}");
    run.about.primary =
        Some(super::super::run::Primary { recipe: "a".into(), draw: Some("imp".into()), level: 1 });
    let text = markdown(&run);
    assert!(text.contains("| a | **+10.00 ± 0.25** | **+1.00 ± 0.99** |"), "{text}");
    assert!(
        text.contains(
            "Primary comparison, declared in the config and tested alone: a on draw imp at level 1 \
             gains +1.00 ± 0.99 points over vanilla (3 pairs, p = 0.049): better."
        ),
        "{text}"
    );
}

#[test]
fn draws_have_their_own_tables() {
    let shape =
        sample::Shape { recipes: &["vanilla"], draws: &["imp", "snip"], seeds: 1, levels: 2 };
    let text = markdown(&sample::large("two", &shape));
    assert!(text.contains("## Draw imp\n") && text.contains("## Draw snip\n"), "{text}");
    assert_eq!(text.matches("| recipe |").count(), 2, "no gain table without a comparison");
}

#[test]
fn names_cannot_break_a_table() {
    let mut run = sample::tiny();
    run.rows[2].recipe = Some("a|b\n*c*".into());
    let text = markdown(&run);
    assert!(text.contains("| a\\|b \\*c\\* |"), "{text}");
}
