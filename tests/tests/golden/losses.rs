//! The built-in cross-entropy and label smoothing: values and gradients by the logits.

use jackpot::plugin::HookContext;
use jackpot::plugin::kinds::{Common, Loss};
use jackpot::torch::grad::{GradOptions, grad};
use jackpot::train::loss::cross_entropy;
use jackpot_plugin_api::manifest;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::compare::deviation;
use crate::data::{Case, case, numbers};
use crate::setup::{START, instance};

/// Compares a loss under each kind of targets.
fn check(
    golden: &Case,
    alpha: &str,
    kind: Kind,
    tolerance: f64,
    loss: impl Fn(&Tensor, &Tensor) -> Tensor,
) {
    for targets in ["hard", "soft"] {
        let logits = golden.tensor("logits").to_kind(kind).set_requires_grad(true);
        let value = loss(&logits, &golden.tensor(targets).to_kind(kind));
        assert_eq!((value.size().len(), value.kind()), (0, kind));
        let gradient = grad(&[&value], &[&logits], None, GradOptions::default()).unwrap();
        let gradient = gradient.into_iter().next().flatten().unwrap();
        for (what, ours) in [("loss", &value), ("gradient", &gradient)] {
            let name = format!("{targets}-{alpha}/{what}");
            let off = deviation(&numbers(ours), &golden.values(&name));
            assert!(off <= tolerance, "{name} {kind:?}: {off:e} off");
        }
    }
}

#[test]
fn cross_entropy_with_hard_and_soft_targets() {
    let golden = case("losses");
    for (kind, tolerance) in [(Kind::Double, 1e-14), (Kind::Float, 1e-6)] {
        check(&golden, "0.0", kind, tolerance, |x, t| cross_entropy(x, t).unwrap());
    }
}

#[test]
fn label_smoothing_with_hard_and_soft_targets() {
    let golden = case("losses");
    for alpha in golden.about["alphas"].as_array().unwrap() {
        let params = json!({ "alpha": alpha });
        let loss = Loss::new(instance(manifest::Kind::Loss, "label-smoothing", &params));
        let context = HookContext::plain(loss.name(), "", START, 0);
        for (kind, tolerance) in [(Kind::Double, 1e-14), (Kind::Float, 1e-6)] {
            check(&golden, &alpha.to_string(), kind, tolerance, |x, t| {
                loss.loss(&[("logits", x)], &[("target", t)], &context).unwrap()
            });
        }
    }
}
