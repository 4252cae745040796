//! Results that are wrong, or that depend on what they must not.

use serde_json::Value;

use crate::found::{findings, how, wild};

#[test]
fn derivatives_that_are_wrong() {
    wild("detach").says("error", "gradient", " by autograd, ").and_no_other_error();
    wild("single").says("warning", "gradient", "it computes in less than f64 inside");
}

#[test]
fn results_that_depend_on_more_than_the_input() {
    let message = "not pure: the same input gave two results";
    wild("impure").has("error", "purity", message);
    wild("in-place").has("error", "purity", "it changes its input in place");
    how("lr-schedule", "bad-schedule", "impure").says(
        "error",
        "purity",
        "not pure: at step 727 it was 0.0000686813",
    );
    how("augmentation", "bad-augmentation", "impure").has(
        "error",
        "seeds",
        "not deterministic: the same seed and step gave two results",
    );
    how("score", "bad-score", "impure").has(
        "error",
        "seeds",
        "not deterministic: with equal seeds `conv1.weight` differs",
    );
}

#[test]
fn extremes_and_stray_output_are_warnings() {
    wild("infinite").says("warning", "extremes", "the result at x = -10000 is inf");
    let found = wild("print");
    let json: Value = serde_json::from_str(&found.ran.stdout).unwrap();
    let [[level, check, message]] = &findings(&json["findings"])[..] else { panic!("{json:#}") };
    assert_eq!((level.as_str(), check.as_str()), ("warning", "stdout"));
    assert!(message.contains("bytes, first: hello); `ctx.info` writes to the log"), "{message}");
}

#[test]
fn wrong_forms_names_and_arguments() {
    let bad = |misdeed| how("activation", "bad-activation", misdeed);
    bad("shape").has(
        "error",
        "form",
        "hook `forward`: the result has shape [1, 4, 8, 6, 6] and dtype f32; it must have shape \
         [4, 8, 6, 6] and dtype f32",
    );
    bad("dtype").has(
        "error",
        "form",
        "hook `forward`: the result has shape [4, 8, 6, 6] and dtype f64; it must have shape \
         [4, 8, 6, 6] and dtype f32",
    );
    bad("operator").has(
        "error",
        "form",
        "hook `forward`: aten::no_such_operator: no operator is called `aten::no_such_operator`",
    );
    bad("arguments").has(
        "error",
        "form",
        "hook `forward`: `aten::relu` takes at most 1 positional arguments, not 3; its schema is \
         aten::relu(Tensor self) -> Tensor",
    );
    bad("type").has(
        "error",
        "form",
        "hook `forward`: `aten::leaky_relu` wants Scalar for its argument \
         `negative_slope`, not str; its schema is aten::leaky_relu(Tensor self, Scalar \
         negative_slope=0.01) -> Tensor",
    );
    let device = bad("cpu");
    device.says("ok", "form", "shape, dtype and device are kept");
    if let Some([level, _, message]) = device.all.iter().find(|[_, own, _]| own == "form on cuda:0")
    {
        let expected = "hook `forward`: the result is on Cpu; it must be on Cuda(0)";
        assert_eq!((level.as_str(), message.as_str()), ("error", expected));
    }
    bad("tensor").says("error", "form", "no declared tensor or knob `never-declared`");
    bad("nan").says("error", "values", "is NaN");
}
