//! Tests of the whole folder: operators by name against tch's own methods and hand-computed
//! values.

mod calls;
mod data;
mod errors;
mod fused;
mod gradients;
mod node;
mod overloads;
mod resources;
mod settings;

use tch::{Device, Kind, Tensor};

use super::{Arg, Op, OpError, Value};

/// A call by name that must succeed with one tensor.
fn call(name: &str, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> Tensor {
    Op::find(name).unwrap().call1(args, named).unwrap()
}

/// A call by name that must succeed.
fn call_all(name: &str, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> Vec<Value> {
    Op::find(name).unwrap().call(args, named).unwrap()
}

/// The error of a call by name that must fail.
fn failure(name: &str, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> OpError {
    Op::find(name).and_then(|op| op.call(args, named)).unwrap_err()
}

/// −1, −0.5, 0, … in f32 with this shape: values on both sides of zero.
fn ramp(shape: &[i64]) -> Tensor {
    let count: i64 = shape.iter().product();
    let steps = Tensor::arange(count, (Kind::Float, Device::Cpu));
    (steps * 0.5 - 1.0).reshape(shape)
}

/// Runs the body of a test (its path below this module) in a process of its own, for a test
/// that changes or measures the whole process while others run beside it.
fn alone(test: &str, body: fn()) {
    const MARK: &str = "JACKPOT_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let module = module_path!();
    let module = module.split_once("::").map_or(module, |(_, inside)| inside);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([&format!("{module}::{test}"), "--exact", "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}{errors}");
    assert!(words.contains("1 passed"), "the test was not found: {words}");
}

/// Same dtype, shape and bits.
#[track_caller]
fn assert_same(found: &Tensor, expected: &Tensor) {
    assert_eq!(found.kind(), expected.kind());
    assert_eq!(found.size(), expected.size());
    assert!(found.equal(expected), "found {found:?} {found}, expected {expected}");
}
