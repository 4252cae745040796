//! The fused optimizer operators, which write lists of tensors in place.

use tch::{Kind, Tensor};

use super::call_all;
use crate::torch::grad::GradMode;
use crate::torch::{Arg, Value};

fn assert_close(found: &Tensor, expected: &[f64]) {
    let found = Vec::<f64>::try_from(found).unwrap();
    assert_eq!(found.len(), expected.len());
    for (one, other) in found.iter().zip(expected) {
        assert!((one - other).abs() < 1e-15, "{found:?} is not {expected:?}");
    }
}

/// m ← 0.9·m + (g + 0.1·p), p ← p − 0.5·m, by hand.
#[test]
fn sgd_with_momentum_and_weight_decay() {
    let parameters = [Tensor::from_slice(&[1.0, -2.0]), Tensor::from_slice(&[3.0])];
    let gradients = [Tensor::from_slice(&[0.5, 0.25]), Tensor::from_slice(&[-1.0])];
    let momenta = [Tensor::from_slice(&[1.0, 0.0]), Tensor::from_slice(&[2.0])];
    let rate = Tensor::from(0.5_f32).to_kind(Kind::Double);
    let refs = |list: &'_ [Tensor; 2]| [list[0].shallow_clone(), list[1].shallow_clone()];
    let (p, g, m) = (refs(&parameters), refs(&gradients), refs(&momenta));

    let _off = GradMode::disable();
    let results = call_all(
        "aten::_fused_sgd_",
        &[
            Arg::TensorList(&[&p[0], &p[1]]),
            Arg::TensorList(&[&g[0], &g[1]]),
            Arg::TensorList(&[&m[0], &m[1]]),
        ],
        &[
            ("weight_decay", Arg::Float(0.1)),
            ("momentum", Arg::Float(0.9)),
            ("lr", Arg::Tensor(&rate)),
            ("dampening", Arg::Int(0)),
            ("nesterov", Arg::Bool(false)),
            ("maximize", Arg::Bool(false)),
            ("is_first_step", Arg::Bool(false)),
        ],
    );
    assert!(results.is_empty());

    // m: 0.9 + 0.5 + 0.1 = 1.5;  0 + 0.25 − 0.2 = 0.05;  1.8 − 1 + 0.3 = 1.1.
    assert_close(&momenta[0], &[1.5, 0.05]);
    assert_close(&momenta[1], &[1.1]);
    // p: 1 − 0.75;  −2 − 0.025;  3 − 0.55.
    assert_close(&parameters[0], &[0.25, -2.025]);
    assert_close(&parameters[1], &[2.45]);
    assert_close(&gradients[0], &[0.5, 0.25]);
}

#[test]
fn the_overload_follows_the_learning_rate() {
    let (p, g) = (Tensor::from_slice(&[1.0]), Tensor::from_slice(&[1.0]));
    let step = |lr: Arg<'_>| {
        call_all(
            "_fused_sgd_",
            &[Arg::TensorList(&[&p]), Arg::TensorList(&[&g]), Arg::TensorList(&[])],
            &[
                ("weight_decay", Arg::Float(0.0)),
                ("momentum", Arg::Float(0.0)),
                ("lr", lr),
                ("dampening", Arg::Float(0.0)),
                ("nesterov", Arg::Bool(false)),
                ("maximize", Arg::Bool(false)),
                ("is_first_step", Arg::Bool(false)),
            ],
        )
    };
    step(Arg::Float(0.25));
    assert_close(&p, &[0.75]);
    step(Arg::Tensor(&Tensor::from(0.5)));
    assert_close(&p, &[0.25]);
}

#[test]
fn foreach_operators_write_in_place() {
    let (a, b) = (Tensor::from_slice(&[1.0, 2.0]), Tensor::from_slice(&[3.0]));
    let results = call_all("_foreach_mul_", &[Arg::TensorList(&[&a, &b]), Arg::Float(2.0)], &[]);
    assert!(results.is_empty());
    assert_close(&a, &[2.0, 4.0]);
    assert_close(&b, &[6.0]);
    let norms = call_all("_foreach_norm", &[Arg::TensorList(&[&a, &b])], &[]);
    let [Value::TensorList(norms)] = norms.as_slice() else {
        panic!("not one list: {norms:?}");
    };
    assert_eq!(norms[1].double_value(&[]), 6.0);
}
