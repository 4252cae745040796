//! Crashes, exits, hangs and panics; what a plugin leaves behind.

use serde_json::Value;

use crate::found::{check, found, wild};

#[test]
fn crashes_and_exits() {
    wild("abort")
        .has("error", "process", "hook `forward` ended the process: signal 6, SIGABRT")
        .and_no_other_error();
    wild("segfault")
        .has("error", "process", "hook `forward` ended the process: signal 11, SIGSEGV")
        .and_no_other_error();
    wild("exit")
        .has("error", "process", "hook `forward` ended the process: exit code 7")
        .and_no_other_error();
}

#[test]
fn a_hang() {
    found("activation", "wild-activation", "{ how = 'hang' }", &["--timeout", "6.5"])
        .has("error", "process", "hook `forward` did not return within 6.5 s")
        .and_no_other_error();
}

#[test]
fn after_a_crash_the_other_items_are_checked() {
    let ran = check(&["--json", "--kind", "activation"]).run().expect(1);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let items = json["items"].as_array().unwrap();
    let names: Vec<_> = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
    let all = [
        "learned-slope",
        "soft-gate",
        "safe-log",
        "busy",
        "bad-activation",
        "bad-tensors",
        "wild-activation",
        "counts-down",
        "panics",
        "panics-at-once",
        "coarse",
    ];
    assert_eq!(names, all, "{ran}");
    // The first example of what is required.
    assert_eq!(items[6]["params"]["how"], "abort", "{ran}");
    assert_eq!(items[6]["examples"][0], "how", "{ran}");
    let levels: Vec<_> = items.iter().map(|item| item["level"].as_str().unwrap()).collect();
    let expected =
        ["ok", "ok", "ok", "ok", "error", "error", "error", "error", "ok", "error", "ok"];
    assert_eq!(levels, expected, "{ran}");
}

#[test]
fn a_tensor_that_is_kept_stays_valid_and_is_told() {
    let message = "keeps 1 tensor after hook `forward` returned: hooks keep nothing";
    wild("keep").has("error", "handles", message).and_no_other_error();
}

#[test]
fn a_panic_in_each_hook() {
    let hooks = [
        ("architecture", "build"),
        ("activation", "forward"),
        ("activation", "knob"),
        ("activation", "tensors"),
        ("skip", "rewrite"),
        ("skip", "knob"),
        ("init", "initialize"),
        ("augmentation", "augment"),
        ("augmentation", "knob"),
        ("augmentation", "tensors"),
        ("lr-schedule", "learning-rate"),
        ("loss", "loss"),
        ("loss", "needs-teacher"),
        ("loss", "knob"),
        ("loss", "tensors"),
        ("score", "score"),
        ("score", "rounds"),
        ("update", "due"),
        ("update", "replaces-step"),
        ("update", "update"),
    ];
    for (kind, hook) in hooks {
        let found = found(kind, "panics", &format!("{{ hook = '{hook}' }}"), &[]);
        let errors: Vec<_> = found.all.iter().filter(|[level, ..]| level == "error").collect();
        let place = format!("hook `{hook}`: panicked at tests/plugins/fixtures/src/bad/panics.rs:");
        let [[_, _, message]] = errors.as_slice() else { panic!("{kind} {hook}\n{}", found.ran) };
        assert!(message.contains(&place), "{message}");
        assert!(message.ends_with(&format!(": out of luck in `{hook}`")), "{message}");
    }
}
