//! What is wrong in the file itself, as the terminal shows it.

use super::*;

/// Renders every case under its name into one text.
fn show(cases: &[(&str, String)]) -> String {
    let one = |(name, text): &(&str, String)| {
        format!("### {name}\n{}\n", refused(text, &Overrides::default()))
    };
    cases.iter().map(one).collect()
}

#[test]
fn unknown_keys() {
    let shown = show(&[
        ("top level", with("name =", "sed = 1\nname =")),
        ("in [train]", with("epochs = 10", "epochs = 10\nepoch = 3")),
        ("in a [[spend]]", plus("[[spend]]\nrecipe = \"a\"\nmaks = \"own\"")),
        ("a key of another section", with("[data]", "[data]\nepochs = 3")),
        ("a setting of the optimizer", with("epochs = 10", "epochs = 10\nlr = 0.1")),
        ("in the optimizer", with("epochs = 10", "epochs = 10\noptimizer = { momentun = 0.9 }")),
        (
            "of another optimizer",
            with("epochs = 10", "epochs = 10\noptimizer = { name = \"adamw\", momentum = 0.9 }"),
        ),
        ("in a plugin's table", with("\"resnet\"", "{ plugin = \"resnet\", width = 64 }")),
        ("a section", with("[data]", "[dat]\n[data]")),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn wrong_types() {
    let shown = show(&[
        ("string for a number", with("epochs = 10", "epochs = \"ten\"")),
        ("fraction for a whole number", with("epochs = 10", "epochs = 1.5")),
        ("a number for a name", with("\"test\"", "3")),
        ("a table for a list", plus("[spend]\nrecipe = \"a\"")),
        (
            "a number for a section",
            with("[data]\ndataset = \"synthetic\"\n", "").replacen("name =", "data = 3\nname =", 1),
        ),
        ("a word for a keyword", with("name =", "threads = \"all\"\nname =")),
        ("a number for a plugin", with("epochs = 10", "epochs = 10\nloss = 3")),
        ("a list of something else", with("name =", "seeds = [1, \"2\"]\nname =")),
        ("a date", with("\"test\"", "2020-01-01")),
        (
            "betas of three",
            with(
                "epochs = 10",
                "epochs = 10\noptimizer = { name = \"adamw\", betas = [0.9, 0.9, 0.9] }",
            ),
        ),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn values_out_of_range() {
    let train = |line: &str| with("epochs = 10", &format!("epochs = 10\n{line}"));
    let draw = |line: &str| with("levels = 3", line);
    let shown = show(&[
        ("no epochs", with("epochs = 10", "epochs = 0")),
        ("empty batches", train("batch_size = 0")),
        ("negative lr", train("optimizer = { lr = -0.1 }")),
        ("lr is not a number", train("optimizer = { lr = nan }")),
        ("momentum of 1", train("optimizer = { momentum = 1 }")),
        ("beta of 1", train("optimizer = { name = \"adamw\", betas = [0.9, 1.0] }")),
        ("fraction 0", draw("levels = 3\nfraction = 0.0")),
        ("fraction 1", draw("levels = 3\nfraction = 1")),
        ("keep does not fall", draw("keep = [0.5, 0.5, 0.1]")),
        ("keep of 1", draw("keep = [1.0, 0.5]")),
        ("keep is empty", draw("keep = []")),
        ("negative levels", draw("levels = -1")),
        ("negative validation", with("[data]", "[data]\nvalidation = -1")),
        ("std of 0", with("[data]", "[data]\nstd = [0.2, 0.0, 0.2]")),
        ("negative seed", with("name =", "seed = -1\nname =")),
        ("seed beyond 64 bits", with("name =", "seed = 99999999999999999999\nname =")),
        ("rewind after the end", draw("levels = 3\nrewind = [\"init\", \"11ep\"]")),
        ("rewind to 0ep", draw("levels = 3\nrewind = \"0ep\"")),
        ("unknown device", with("name =", "device = \"gpu\"\nname =")),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn names_and_duplicates() {
    let two = |a: &str, b: &str| plus(&format!("[[spend]]\n{a}\n[[spend]]\n{b}"));
    let shown = show(&[
        ("duplicate seeds", with("name =", "seeds = [1, 2, 1]\nname =")),
        ("seed and seeds", with("name =", "seed = 1\nseeds = [1]\nname =")),
        ("no seeds", with("name =", "seeds = []\nname =")),
        ("two unnamed draws", plus("[[draw]]\nlevels = 2")),
        ("two draws of a name", plus("[[draw]]\nname = \"imp\"\nlevels = 2")),
        (
            "a name that a rewind list makes",
            with("levels = 3", "levels = 3\nrewind = [\"init\", \"2ep\"]")
                + "\n[[draw]]\nname = \"imp@2ep\"\nlevels = 1\n",
        ),
        ("two recipes of a name", two("recipe = \"a\"", "recipe = \"a\"")),
        ("a name with a slash", with("\"test\"", "\"a/b\"")),
        ("an empty name", with("\"test\"", "\"\"")),
        ("a recipe with a slash", plus("[[spend]]\nrecipe = \"../a\"")),
        ("an empty recipe", plus("[[spend]]\nrecipe = \"\"")),
        ("a hidden draw", with("levels = 3", "levels = 3\nname = \".imp\"")),
        ("a rewind point twice", with("levels = 3", "levels = 3\nrewind = [\"2ep\", \"02ep\"]")),
        ("a key twice", with("epochs = 10", "epochs = 10\nepochs = 3")),
        ("a section twice", plus("[train]\nepochs = 3")),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn choices_and_references() {
    let spend = |line: &str| plus(&format!("[[spend]]\nrecipe = \"a\"\n{line}"));
    let shown = show(&[
        ("unknown dataset", with("\"synthetic\"", "\"cifar1000\"")),
        ("unknown optimizer", with("epochs = 10", "epochs = 10\noptimizer = \"adam\"")),
        ("unknown mask", spend("mask = \"shuffled\"")),
        ("no root", with("\"synthetic\"", "\"cifar10\"")),
        ("unknown draw", spend("draw = [\"imp\", \"ipm\"]")),
        ("level beyond the last", spend("levels = [0, 4]")),
        (
            "a level of one draw only",
            plus(
                "[[draw]]\nname = \"once\"\nkeep = [0.1]\n[[spend]]\nrecipe = \"a\"\nlevels = [2]",
            ),
        ),
        ("ticket_seed is no seed", spend("ticket_seed = 7")),
        ("levels and keep", with("levels = 3", "levels = 3\nkeep = [0.5]")),
        ("fraction and keep", with("levels = 3", "fraction = 0.2\nkeep = [0.5]")),
        ("neither levels nor keep", with("levels = 3", "")),
        ("only excluded", with("levels = 3", "levels = 3\nprunable = [\"!conv1.weight\"]")),
        (
            "nesterov without momentum",
            with("epochs = 10", "epochs = 10\noptimizer = { momentum = 0, nesterov = true }"),
        ),
        (
            "mean and std of different length",
            with("[data]", "[data]\nmean = [0.5, 0.5, 0.5]\nstd = [0.2]"),
        ),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_missing() {
    let shown = show(&[
        ("no name", with("name = \"test\"\n", "")),
        ("no section", with("[data]\ndataset = \"synthetic\"\n", "")),
        ("no draw", with("[[draw]]\nlevels = 3\n", "")),
        (
            "an empty list of draws",
            with("[[draw]]\nlevels = 3\n", "").replacen("name =", "draw = []\nname =", 1),
        ),
        ("no epochs", with("epochs = 10", "")),
        ("no recipe", plus("[[spend]]\nactivation = \"mish\"")),
        ("an empty file", String::new()),
        ("a file of comments", "# nothing yet\n".to_owned()),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn syntax() {
    let shown = show(&[
        ("no value", with("epochs = 10", "epochs =")),
        ("no quotes", with("\"synthetic\"", "synthetic")),
        ("an open list", with("name =", "seeds = [1, 2\nname =")),
        ("an open list at the end", "name = \"test\"\nseeds = [1,".to_owned()),
        ("two mistakes", with("10", "ten").replace("3", "three")),
        ("an open section", with("[train]", "[train")),
        ("an open string", with("\"test\"", "\"test")),
        ("another language", "<config name='test'/>\n".to_owned()),
    ]);
    insta::assert_snapshot!(shown);
}

#[test]
fn all_mistakes_are_shown_in_the_order_of_the_file() {
    let text = plus("[[spend]]\nrecipe = \"a\"\ndraw = \"ipm\"\n")
        .replace("epochs = 10", "epochs = 0\nbatchsize = 3")
        .replace("\"synthetic\"", "\"imagenet\"");
    let errors = read_with(&text, &set(&["seed=-1"])).expect_err("four mistakes");
    insta::assert_snapshot!(errors.to_string());
}

#[test]
fn a_wrong_draw_makes_no_second_error_in_its_recipes() {
    let text = plus("[[spend]]\nrecipe = \"a\"\ndraw = \"imp\"\nlevels = [3]")
        .replace("levels = 3", "levels = \"three\"");
    let errors = read_with(&text, &Overrides::default()).expect_err("one mistake");
    assert_eq!(errors.errors().len(), 1, "{errors}");
}

#[test]
fn many_mistakes_stay_readable() {
    let keys: String = (0..30).map(|i| format!("key{i} = 1\n")).collect();
    let text = refused(&format!("{keys}{MINIMAL}"), &Overrides::default());
    assert!(text.contains("and 20 more:\n  exp.toml:11:1: unknown key `key10`"), "{text}");
}

#[test]
fn carets_count_characters_and_not_bytes() {
    let text = with("name = \"test\"", "name = \"test\" # käse").replace("10", "0 # 東京");
    let errors = read_with(&text, &Overrides::default()).expect_err("epochs = 0");
    assert_eq!(errors.errors()[0].place(), Some(("exp.toml", 10, 10)));
}

#[test]
fn colour_is_only_used_if_asked_for() {
    let errors = read_with("name = 3", &Overrides::default()).expect_err("no sections");
    assert!(render(&errors, true, 80).contains('\u{1b}'));
    assert!(!render(&errors, false, 80).contains('\u{1b}'));
}

#[test]
fn tickets_that_are_not_trained() {
    let draw = |lines: &str| with("levels = 3", lines);
    let untrained = |line: &str| {
        draw("levels = 3\nprune_at = \"init\"") + &format!("\n[[spend]]\nrecipe = \"a\"\n{line}\n")
    };
    let trial = |line: &str| plus(&format!("[[spend]]\nrecipe = \"a\"\n{line}\n"));
    let shown = show(&[
        ("masks and levels", draw("levels = 3\nfrom = { mask = \"m.safetensors\" }")),
        ("masks and a score", draw("score = \"random\"\nfrom = { mask = \"m.safetensors\" }")),
        ("no masks", draw("from = { mask = [] }")),
        ("a misspelt key of from", draw("levels = 3\nfrom = { weight = \"w.safetensors\" }")),
        ("rewind and init", draw("levels = 3\nrewind = \"2ep\"\nprune_at = \"init\"")),
        ("fine-tuning what was never trained", untrained("start = \"trained\"")),
        ("a teacher that is never trained", untrained("teacher = \"dense\"")),
        ("a dense teacher of itself", with("epochs = 10", "epochs = 10\nteacher = \"dense\"")),
        ("a teacher by its path", trial("teacher = \"t.safetensors\"")),
        ("a teacher misspelt", trial("teacher = \"dens\"")),
        ("a trial without validation", trial("trial_of = \"tuned\"")),
        (
            "a trial of a recipe",
            trial("trial_of = \"a\"").replace("[data]", "[data]\nvalidation = 5"),
        ),
    ]);
    insta::assert_snapshot!(shown);
}
