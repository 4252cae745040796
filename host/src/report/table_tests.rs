//! The terminal table to the letter.

use super::super::run::Status;
use super::super::sample;
use super::*;

#[test]
fn a_small_run_to_the_letter() {
    let expected = "\
tiny
synthetic · resnet8

sparsity, %                      0          20.0
vanilla               61.00 ± 1.41  58.50 ± 0.71
mish, \"<ghost>\" & co  62.00 ± 1.41     60.00 (1)
                      +1.00 ± 0.00     +2.00 (1)

Test accuracy in %, mean ± s.d. over n = 2 seeds.
Second lines: gain over vanilla in points, paired by seed: mean ± half width of
its 95 % t interval.
A number in brackets: so many seeds instead of 2.
1 job failed:
  mish, \"<ghost>\" & co, draw imp, seed 2, level 1: loss is NaN at step 3
";
    assert_eq!(table(&sample::tiny(), 80, false), expected);
}

#[test]
fn wide_runs_are_split_to_fit() {
    let shape = sample::Shape {
        recipes: &["vanilla", "a recipe with a name that is far too long for a column", "all"],
        draws: &["imp", "snip"],
        seeds: 3,
        levels: 17,
    };
    let run = sample::large("wide", &shape);
    for width in [40, 80, 200] {
        let text = table(&run, width, false);
        let longest = text.lines().map(len).max().unwrap();
        assert!(longest <= width, "{longest} > {width}\n{text}");
        // Every level of both draws is there once.
        let heads: usize = text
            .lines()
            .filter_map(|l| l.strip_prefix(CORNER))
            .map(|l| l.split_whitespace().count())
            .sum();
        assert_eq!(heads, 34);
    }
}

#[test]
fn one_recipe_one_level_one_seed_is_a_sentence_of_a_table() {
    let mut run = sample::tiny();
    run.rows.truncate(1);
    run.rows[0].recipe = Some("vanilla".into());
    let text = table(&run, 80, false);
    assert!(text.contains("vanilla      60.00\n"), "{text}");
    assert!(text.contains("Test accuracy in %, one seed (n = 1)."), "{text}");
    assert!(!text.contains("gain"), "{text}");
}

#[test]
fn failed_and_missing_jobs_are_marked_and_explained() {
    let mut run = sample::tiny();
    run.rows[7].status = Status::Failed("out of memory".into());
    run.rows[7].results = None;
    for i in [6, 8] {
        run.rows[i].status = Status::Missing;
        run.rows[i].results = None;
    }
    run.rows.retain(|r| !(r.recipe.as_deref() == Some("vanilla") && r.level == 1));
    let text = table(&run, 80, false);
    assert!(text.contains("failed\n"), "{text}");
    assert!(text.contains("2 jobs not trained yet (–)."), "{text}");
    assert!(text.contains("2 jobs failed:"), "{text}");
    assert!(
        text.contains("  mish, \"<ghost>\" & co, draw imp, seed 1, level 1: out of memory"),
        "{text}"
    );
    assert!(!text.contains("the rest of the story"), "{text}");
    // No finished job tells the sparsity of level 1.
    assert!(text.contains("level 1"), "{text}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let shape = sample::Shape { recipes: &["vanilla", "a"], draws: &["imp"], seeds: 3, levels: 2 };
    let mut run = sample::large("colour", &shape);
    for row in run.rows.iter_mut().filter(|row| row.recipe.as_deref() == Some("a")) {
        row.results.as_mut().unwrap().test_accuracy += 0.1;
    }
    let plain = table(&run, 80, false);
    // What colour says stands there without it, too.
    assert!(plain.contains("*\n") && plain.contains("With *: the 95 % interval"), "{plain}");
    let colored = table(&run, 80, true);
    assert!(!plain.contains('\x1b') && colored.contains("\x1b[32m"));
    let mut stripped = String::new();
    for (i, piece) in colored.split("\x1b[").enumerate() {
        stripped.push_str(if i == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    let same =
        |text: &str| -> Vec<String> { text.lines().map(|l| l.trim_end().to_owned()).collect() };
    assert_eq!(same(&stripped), same(&plain));
}

#[test]
fn an_empty_run_says_so() {
    assert!(
        table(&Run { name: "none".into(), ..Run::default() }, 80, false).contains("No job yet.")
    );
}

#[test]
fn parts_are_about_equally_long() {
    let shape =
        sample::Shape { recipes: &["vanilla", "all"], draws: &["imp"], seeds: 3, levels: 5 };
    // Four columns would fit, but 3 + 2 reads better than 4 + 1.
    let text = table(&sample::large("parts", &shape), 80, false);
    let heads: Vec<usize> = text
        .lines()
        .filter_map(|l| l.strip_prefix(CORNER))
        .map(|l| l.split_whitespace().count())
        .collect();
    assert_eq!(heads, [3, 2]);
}
