//! What is particular to single kinds.

use crate::found::{Found, how};

#[test]
fn losses() {
    let bad = |misdeed| how("loss", "bad-loss", misdeed);
    let form = |found: &Found| {
        let text = "hook `loss`: the loss has shape [6] and dtype f32; it must have shape [] and \
                    dtype f32";
        found.has("error", "form", text).and_no_other_error();
    };
    form(&bad("vector"));
    bad("nan").has("error", "form", "the loss is NaN");
    bad("detach").has(
        "error",
        "form",
        "the loss has no gradient: it does not depend on the logits (detached?)",
    );
    bad("sum").says("warning", "mean", "no mean over the batch: ");
    bad("knob").says("error", "knobs", "hook `knob`: the knob `strength` is inf at step 727");
}

#[test]
fn other_kinds() {
    how("augmentation", "bad-augmentation", "doubled").has(
        "error",
        "targets",
        "in step 0 a row of targets sums to 2, not to 1",
    );
    how("augmentation", "bad-augmentation", "bright").says(
        "warning",
        "images",
        "pixels reach from",
    );
    how("augmentation", "bad-augmentation", "nan").says("error", "images", "a pixel that is NaN");
    how("init", "bad-init", "name").has(
        "error",
        "weights",
        "hook `initialize`: the network has no parameter `no.such.weight`",
    );
    how("score", "bad-score", "nan").has(
        "error",
        "scores",
        "hook `score`: `conv1.weight` has a score that is NaN",
    );
    how("score", "bad-score", "sets").has(
        "error",
        "model",
        "it changes `conv1.weight`: a score looks at weights and sets none",
    );
    how("update", "bad-update", "never").has(
        "error",
        "due",
        "it would never act: `due` says no before each of 728 steps",
    );
    how("skip", "bad-skip", "name").has(
        "error",
        "edits",
        "the edits of skip bad-skip do not fit the graph: it adds a node `relu1`, which exists \
         already",
    );
    how("architecture", "bad-architecture", "error").has(
        "error",
        "graph",
        "3×32×32: hook `build`: this network takes only sounds",
    );
    how("lr-schedule", "bad-schedule", "negative").has(
        "error",
        "rates",
        "hook `learning-rate`: the learning rate is -0.1 at step 0",
    );
}
