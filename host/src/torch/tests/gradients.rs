//! Gradients through operators called by name.

use tch::{Kind, Tensor};

use super::{call, ramp};
use crate::torch::grad::{GradMode, GradOptions, backward, backward_with, grad};
use crate::torch::{Arg, OpError};

fn leaf(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).set_requires_grad(true)
}

fn only(mut gradients: Vec<Option<Tensor>>) -> Tensor {
    assert_eq!(gradients.len(), 1);
    gradients.remove(0).unwrap()
}

#[track_caller]
fn assert_close(found: &Tensor, expected: &[f64]) {
    let found = Vec::<f64>::try_from(found).unwrap();
    assert_eq!(found.len(), expected.len());
    for (one, other) in found.iter().zip(expected) {
        assert!(
            (one - other).abs() <= 1e-15 * other.abs().max(1.0),
            "{found:?} is not {expected:?}"
        );
    }
}

/// f = x·σ(x): f′ = σ + xσ(1−σ), f″ = 2σ(1−σ) + xσ(1−σ)(1−2σ).
#[test]
fn second_derivatives_are_exact() {
    let points = [-1.5, 0.0, 0.3, 2.0];
    let x = leaf(&points);
    let sigmoid = call("sigmoid", &[Arg::Tensor(&x)], &[]);
    let y = call("mul", &[Arg::Tensor(&x), Arg::Tensor(&sigmoid)], &[]);
    let ones = y.ones_like();
    let twice = GradOptions { create_graph: true, ..GradOptions::default() };
    let first = only(grad(&[&y], &[&x], Some(&[&ones]), twice).unwrap());
    let second = only(grad(&[&first], &[&x], Some(&[&ones]), GradOptions::default()).unwrap());

    let s = |x: f64| 1.0 / (1.0 + (-x).exp());
    let d1 = points.map(|x| s(x) + x * s(x) * (1.0 - s(x)));
    let d2 = points.map(|x| s(x) * (1.0 - s(x)) * (2.0 + x * (1.0 - 2.0 * s(x))));
    assert_close(&first, &d1);
    assert_close(&second, &d2);
}

#[test]
fn output_gradients_weigh_the_outputs() {
    let x = leaf(&[1.0, 2.0]);
    let (square, cube) = (&x * &x, &x * &x * &x);
    let (u, v) = (Tensor::from_slice(&[1.0, 10.0]), Tensor::from_slice(&[2.0, 0.0]));
    let found = grad(&[&square, &cube], &[&x], Some(&[&u, &v]), GradOptions::default());
    // u·2x + v·3x².
    assert_close(&only(found.unwrap()), &[2.0 + 6.0, 40.0]);
    assert!(!x.grad().defined());
}

#[test]
fn an_unused_input_is_none_or_an_error() {
    let (x, unused) = (leaf(&[1.0]), leaf(&[1.0]));
    let y = &x * 2.0;
    let keep = GradOptions { retain_graph: true, ..GradOptions::default() };
    let error = grad(&[&y], &[&x, &unused], None, keep).unwrap_err();
    assert!(matches!(&error, OpError::Failed { .. }), "{error}");
    let allowed = GradOptions { allow_unused: true, ..GradOptions::default() };
    let found = grad(&[&y], &[&x, &unused], None, allowed).unwrap();
    assert!(found[0].is_some() && found[1].is_none());
}

#[test]
fn what_cannot_be_differentiated_is_an_error() {
    let x = leaf(&[1.0, 2.0]);
    let plain = ramp(&[1]);
    let options = GradOptions::default();
    let y = (&x * &x).sum(None::<Kind>);
    let message = |result: Result<Vec<Option<Tensor>>, OpError>| match result.unwrap_err() {
        OpError::Failed { op, message } => {
            assert_eq!(op, "autograd::grad");
            assert!(!message.contains('\n'));
            message
        }
        other => panic!("another error: {other}"),
    };
    assert!(message(grad(&[&plain], &[&x], None, options)).contains("does not require grad"));
    assert!(message(grad(&[&y], &[&plain], None, options)).contains("not require grad"));
    assert!(message(grad(&[&(&x * 2.0)], &[&x], None, options)).contains("scalar outputs"));
    assert!(message(grad(&[], &[&x], None, options)).contains("no outputs"));
    assert!(message(grad(&[&y], &[&x], Some(&[]), options)).contains("0 output gradients"));
    let wrong_shape = ramp(&[3]).to_kind(Kind::Double);
    assert!(message(grad(&[&y], &[&x], Some(&[&wrong_shape]), options)).contains("shape"));
    assert!(grad(&[&y], &[], None, options).unwrap().is_empty());
    // The first pass frees the graph.
    assert!(grad(&[&y], &[&x], None, options).is_ok());
    assert!(message(grad(&[&y], &[&x], None, options)).contains("second time"));
}

#[test]
fn backward_accumulates_and_reports() {
    let x = leaf(&[1.0, 3.0]);
    backward(&(&x * &x).sum(None::<Kind>)).unwrap();
    assert_close(&x.grad(), &[2.0, 6.0]);
    let weights = Tensor::from_slice(&[1.0, -1.0]);
    backward_with(&[&(&x * 5.0)], Some(&[&weights]), GradOptions::default()).unwrap();
    assert_close(&x.grad(), &[7.0, 1.0]);

    let error = backward(&(&x * 2.0)).unwrap_err();
    assert!(error.to_string().contains("scalar outputs"), "{error}");
    let error = backward(&ramp(&[1])).unwrap_err();
    assert!(error.to_string().contains("does not require grad"), "{error}");
}

#[test]
fn grad_mode_nests_and_belongs_to_its_thread() {
    assert!(GradMode::is_enabled());
    let x = leaf(&[1.0]);
    {
        let _off = GradMode::disable();
        assert!(!GradMode::is_enabled());
        assert!(!call("relu", &[Arg::Tensor(&x)], &[]).requires_grad());
        {
            let _on = GradMode::enable();
            assert!(call("relu", &[Arg::Tensor(&x)], &[]).requires_grad());
        }
        assert!(!GradMode::is_enabled());
        assert!(std::thread::spawn(GradMode::is_enabled).join().unwrap());
    }
    assert!(GradMode::is_enabled());
}
