//! SGD and AdamW on a few weights, with their state.

use jackpot::config::Optimizer as Choice;
use jackpot::model::{Owner, Parameter};
use jackpot::prune::Masks;
use jackpot::train::optimizer::Optimizer;
use jackpot::train::places::Places;
use jackpot_plugin_api::graph::Role;
use serde_json::Value;
use tch::{Kind, Tensor};

use crate::compare::deviation;
use crate::data::{Case, case, numbers};
use crate::formula;

/// The optimizer that PyTorch's keywords mean.
fn choice(name: &str, keywords: &Value) -> Choice {
    let number = |key: &str| keywords[key].as_f64().unwrap_or_default();
    let (lr, weight_decay) = (number("lr"), number("weight_decay"));
    if name == "adamw" {
        let beta = |index: usize| keywords["betas"][index].as_f64().unwrap();
        let (beta1, beta2, eps) = (beta(0), beta(1), number("eps"));
        return Choice::Adamw { lr, beta1, beta2, eps, weight_decay, decay_norm: true };
    }
    let nesterov = keywords["nesterov"].as_bool().unwrap_or_default();
    let momentum = number("momentum");
    Choice::Sgd { lr, momentum, weight_decay, nesterov, decay_norm: true }
}

fn check(golden: &Case, name: &str, keywords: &Value, kind: Kind, tolerance: f64) {
    let n = golden.about["size"].as_u64().unwrap() as usize;
    let tensor = |label: &str| {
        Tensor::from_slice(&formula::values(n, formula::seed(label), 1.0)).to_kind(kind)
    };
    let parameters = [Parameter {
        name: "w".to_owned(),
        tensor: tensor("optimizer/weight").set_requires_grad(true),
        role: Role::Conv,
        decay: true,
        prunable: true,
        owner: Owner::Graph,
    }];
    let choice = choice(name, keywords);
    let mut optimizer = Optimizer::new(&choice, &parameters).unwrap();
    let same = |ours: &Tensor, theirs: &[f64], what: &str| {
        let off = deviation(&numbers(ours), theirs);
        assert!(off <= tolerance, "{name} {kind:?}: {what} is {off:e} off");
    };
    let rows = golden.rows(&format!("{name}/weights"));
    assert_eq!(rows.len(), 5);
    for (step, expected) in rows.iter().enumerate() {
        let gradient = tensor(&format!("optimizer/gradient/{step}"));
        optimizer
            .step(
                &parameters,
                vec![Some(gradient)],
                &Masks::none(),
                &Places::default(),
                choice.lr(),
            )
            .unwrap();
        same(&parameters[0].tensor, expected, &format!("the weight after step {step}"));
    }
    let state = optimizer.state(&parameters);
    let stored =
        [("momentum_buffer", "first.w"), ("exp_avg", "first.w"), ("exp_avg_sq", "second.w")];
    let stored: Vec<_> = stored
        .iter()
        .filter(|(theirs, _)| golden.has(&format!("{name}/{theirs}")))
        .inspect(|(theirs, ours)| {
            same(&state[*ours], &golden.values(&format!("{name}/{theirs}")), ours);
        })
        .map(|(_, ours)| *ours)
        .collect();
    let expected: &[&str] = match name {
        "sgd-plain" => &[],
        "adamw" => &["first.w", "second.w"],
        _ => &["first.w"],
    };
    assert_eq!(stored, expected, "{name}");
}

#[test]
fn five_steps_of_each_optimizer() {
    let golden = case("optimizers");
    let optimizers = golden.about["optimizers"].as_object().unwrap();
    assert_eq!(optimizers.len(), 4);
    for (name, keywords) in optimizers {
        check(&golden, name, keywords, Kind::Double, 1e-14);
        check(&golden, name, keywords, Kind::Float, 1e-6);
    }
}
