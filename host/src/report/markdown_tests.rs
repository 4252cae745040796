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
| mish, \"&lt;ghost>\" &amp; co | **+1.00 ± 0.00** | +2.00 (1) |

Bold: the interval excludes zero. Each interval stands for itself; none is corrected for the number of comparisons.

- A number in brackets: so many seeds instead of 2.
- 1 job failed:
  - mish, \"&lt;ghost>\" &amp; co, draw imp, seed 2, level 1: loss is NaN at step 3
";
    assert_eq!(markdown(&sample::tiny()), expected);
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
