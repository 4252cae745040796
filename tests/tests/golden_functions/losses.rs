//! Cross-entropy and distillation: values and gradients by the logits, and what distillation says
//! of a teacher that is missing or does not fit.

use jackpot::plugin::border::{into_host, tensors};
use jackpot::plugin::kinds::{Common, Loss};
use jackpot::plugin::{HookContext, Instance};
use jackpot::torch::grad::{GradOptions, grad};
use jackpot_plugin_api::abi::{RawNamed, RawValue, Value};
use jackpot_plugin_api::manifest;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::compare::deviation;
use crate::data::{case_of, numbers};
use crate::setup::{START, instance};

fn loss(plugin: &str, params: &serde_json::Value) -> Instance {
    instance(manifest::Kind::Loss, plugin, params)
}

/// The hook itself, which computes in the tensors' dtype.
fn call(item: &Instance, named: &[(&str, &Tensor)]) -> Result<Tensor, String> {
    let args: Vec<_> = named
        .iter()
        .map(|(name, tensor)| RawNamed {
            name: (*name).into(),
            value: RawValue::Tensor(tensors::lend(tensor)),
        })
        .collect();
    let context = HookContext::plain("loss", "", START, 0);
    let values = item.call("loss", &context, &args).map_err(|error| error.to_string())?;
    match values.into_iter().next().unwrap().value {
        Value::Tensor(tensor) => Ok(into_host(tensor)),
        other => panic!("{}", other.describe()),
    }
}

/// All stored cases in that dtype; the teacher is there whether the loss wants one or not.
fn check(kind: Kind, tolerance: f64) {
    let golden = case_of("functions.json", "losses");
    let items = golden.about["items"].as_array().unwrap();
    assert_eq!(items.len(), 10);
    for (index, about) in items.iter().enumerate() {
        let item = loss(about["plugin"].as_str().unwrap(), &about["params"]);
        for (scale, targets) in
            [("mild", "hard"), ("mild", "soft"), ("steep", "hard"), ("steep", "soft")]
        {
            let of = |name: &str| golden.tensor(name).to_kind(kind);
            let logits = of(&format!("{scale}/logits")).set_requires_grad(true);
            let (teacher, target) = (of(&format!("{scale}/teacher")), of(targets));
            let named = [
                ("output.logits", &logits),
                ("output.teacher", &teacher),
                ("target.target", &target),
            ];
            let value = call(&item, &named).unwrap();
            assert_eq!((value.size().len(), value.kind()), (0, kind));
            let gradient = grad(&[&value], &[&logits], None, GradOptions::default()).unwrap();
            let gradient = gradient.into_iter().next().flatten().unwrap();
            for (what, ours) in [("loss", &value), ("gradient", &gradient)] {
                let name = format!("{index}/{scale}-{targets}/{what}");
                let off = deviation(&numbers(ours), &golden.values(&name));
                assert!(off <= tolerance, "{about}: {name} {kind:?}: {off:e} off");
            }
        }
    }
}

#[test]
fn f64_values_and_gradients_of_hard_and_soft_targets() {
    check(Kind::Double, 1e-12);
}

#[test]
fn f32_values_and_gradients_of_hard_and_soft_targets() {
    // At T = 20 the divergence's rounding is multiplied by 400.
    check(Kind::Float, 2e-5);
}

#[test]
fn the_mean_is_the_batchmean_divided_by_the_classes() {
    let golden = case_of("functions.json", "losses");
    let tensor = |name: &str| golden.tensor(name);
    let (logits, teacher) = (tensor("mild/logits"), tensor("mild/teacher"));
    let named = [
        ("output.logits", &logits),
        ("output.teacher", &teacher),
        ("target.target", &tensor("hard")),
    ];
    let [batch, all] = ["batchmean", "mean"].map(|reduction| {
        let item = loss("kd", &json!({ "alpha": 1.0, "reduction": reduction }));
        call(&item, &named).unwrap().double_value(&[])
    });
    assert!(batch > 0.1 && (batch - 10.0 * all).abs() < 1e-13, "{batch} {all}");
}

#[test]
fn a_teacher_that_says_the_same_costs_nothing_and_gets_no_gradient() {
    let golden = case_of("functions.json", "losses");
    let same = golden.tensor("mild/logits");
    let teacher = same.copy().set_requires_grad(true);
    let logits = same.copy().set_requires_grad(true);
    let target = golden.tensor("hard");
    let named =
        [("output.logits", &logits), ("output.teacher", &teacher), ("target.target", &target)];
    let value = call(&loss("kd", &json!({ "alpha": 1.0 })), &named).unwrap();
    assert!(value.double_value(&[]).abs() < 1e-14);
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    let found = grad(&[&value], &[&logits, &teacher], None, options).unwrap();
    assert!(found[1].is_none());
    let gradient = found[0].as_ref().unwrap().abs().max().double_value(&[]);
    assert!(gradient < 1e-14, "{gradient}");
}

#[test]
fn distillation_alone_asks_for_a_teacher() {
    for (plugin, expected) in [("kd", true), ("cross-entropy", false)] {
        let item = loss(plugin, &json!({}));
        let context = HookContext::plain(plugin, "", START, 0);
        let answer = item.call("needs-teacher", &context, &[]).unwrap();
        let Value::Bool(needed) = answer[0].value else { panic!("no truth value") };
        assert_eq!(needed, expected, "{plugin}");
    }
}

#[test]
fn a_missing_or_unfit_teacher_is_an_error_that_names_the_key() {
    let kd = Loss::new(loss("kd", &json!({})));
    let (logits, target) = (Tensor::rand([4, 10], (Kind::Float, tch::Device::Cpu)), ones(10));
    let context = HookContext::plain(kd.name(), "", START, 0);
    let missing = kd.loss(&[("logits", &logits)], &[("target", &target)], &context);
    let missing = missing.unwrap_err().to_string();
    assert!(missing.contains("no teacher") && missing.contains("key `teacher`"), "{missing}");
    assert!(!missing.contains("panicked"), "{missing}");
    // One column would be broadcast without a word.
    for classes in [1, 100] {
        let outputs = [("logits", &logits), ("teacher", &ones(classes))];
        let unfit = kd.loss(&outputs, &[("target", &target)], &context).unwrap_err().to_string();
        let shapes = unfit.contains(&format!("[4, {classes}]")) && unfit.contains("[4, 10]");
        assert!(shapes && unfit.contains("`teacher`"), "{unfit}");
    }
}

fn ones(classes: i64) -> Tensor {
    Tensor::ones([4, classes], (Kind::Float, tch::Device::Cpu)) / classes as f64
}
