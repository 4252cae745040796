//! What is wrong with a plugin's name or parameters, as the terminal shows it.

use super::*;

#[test]
fn plugins_and_parameters() {
    let train = |line: &str| with("epochs = 10", &format!("epochs = 10\n{line}"));
    let params = |key: &str, name: &str, params: &str| {
        train(&format!("{key} = {{ plugin = \"{name}\", params = {{ {params} }} }}"))
    };
    let schedule = |text: &str| params("lr_schedule", "multi-step", text);
    let cases = [
        ("unknown", train("activation = \"swich\"")),
        ("of another kind", train("skip = \"mish\"")),
        ("architecture", with("\"resnet\"", "{ plugin = \"resnet2\" }")),
        ("in a list", train("augmentation = [\"crop-flip\", \"crop\"]")),
        ("in a file", train("activation = \"own/libgelu.so:gelo\"")),
        ("in a file without such a kind", train("loss = \"own/libgelu.so:gelu\"")),
        ("a file without an item", train("activation = \"own/libgelu.so\"")),
        ("an empty name", train("activation = \"\"")),
        ("unknown parameter", params("activation", "swish", "bata = 1")),
        ("no parameters at all", params("activation", "mish", "beta = 1")),
        ("wrong type", params("activation", "swish", "beta = \"1\"")),
        ("fraction for a whole number", params("augmentation", "crop-flip", "padding = 1.5")),
        ("number for a boolean", params("augmentation", "crop-flip", "flip = 1")),
        ("out of range", params("loss", "label-smoothing", "alpha = 1.5")),
        ("a whole number out of range", params("augmentation", "crop-flip", "padding = -1")),
        ("not a number", params("loss", "label-smoothing", "alpha = nan")),
        ("none of the choices", params("skip", "ghost-skip", "fade = \"2ep\", form = \"cubik\"")),
        ("no duration", params("skip", "ghost-skip", "fade = \"soon\"")),
        ("missing", train("skip = \"ghost-skip\"")),
        ("in a list of whole numbers", schedule("milestones = [90, 13.5]")),
        ("in a list of numbers", schedule("gammas = [0.1, 2]")),
        ("in a list of strings", schedule("names = [\"a\", 1]")),
        ("in a list of durations", schedule("at = [\"5ep\", \"5\"]")),
        ("no list", schedule("milestones = 90")),
        ("a date", params("augmentation", "noise", "extra = [2020-01-01]")),
        (
            "two in a recipe",
            plus("[[spend]]\nrecipe = \"a\"\nactivation = \"relu6\"\nloss = \"hinge\""),
        ),
    ];
    let text: String = cases
        .iter()
        .map(|(name, text)| format!("### {name}\n{}\n", refused(text, &Overrides::default())))
        .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn an_inherited_mistake_is_shown_once() {
    let text = plus("[[spend]]\nrecipe = \"a\"\n[[spend]]\nrecipe = \"b\"")
        .replace("epochs = 10", "epochs = 10\nloss = \"hinge\"");
    let errors = read_with(&text, &Overrides::default()).expect_err("no such loss");
    assert_eq!(errors.errors().len(), 1, "{errors}");
}

#[test]
fn a_default_score_that_is_not_there_is_shown_at_its_draw() {
    let mut known = known();
    known.remove(&("score".to_owned(), "magnitude".to_owned()));
    let loaded = parse("exp.toml", MINIMAL, Path::new("/exp"), &Overrides::default()).unwrap();
    let errors = check_plugins(&loaded, &known).expect_err("no magnitude");
    assert_eq!(errors.errors()[0].place(), Some(("exp.toml", 12, 1)));
    assert_eq!(errors.errors()[0].message(), "there is no score named `magnitude`");
}

#[test]
fn a_default_that_its_own_plugin_forbids_says_so() {
    let mut known = known();
    let score = ("score".to_owned(), "magnitude".to_owned());
    let share = spec("share", ParamType::Float, json!("half"));
    known.get_mut(&score).unwrap().params.push(share);
    let loaded = parse("exp.toml", MINIMAL, Path::new("/exp"), &Overrides::default()).unwrap();
    let errors = check_plugins(&loaded, &known).expect_err("a bad default");
    let error = &errors.errors()[0];
    assert_eq!(error.message(), "`share` of `magnitude` must be a number, not \"half\"");
    assert!(error.help().is_some_and(|help| help.contains("its author must correct it")));
}
