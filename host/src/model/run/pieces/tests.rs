//! Functions in pieces against the same operators on all images at once.

use tch::{Device, Kind, Tensor};

use super::apply;
use super::fused::Fused;
use super::program::{Knobs, Program};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::op::record::{note_read, record};
use crate::torch::{Arg, Op};

pub(super) const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);

pub(super) fn call(name: &str, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> Tensor {
    Op::find(name).unwrap().call1(args, named).unwrap()
}

pub(super) fn times(a: &Tensor, b: &Tensor) -> Tensor {
    call("aten::mul.Tensor", &[a.into(), b.into()], &[])
}

/// That of `faded`, which keeps its place in memory.
pub(super) fn knob() -> Tensor {
    thread_local! {
        static KNOB: Tensor = Tensor::from(0.7_f32);
    }
    KNOB.with(Tensor::shallow_clone)
}

/// As the plugins of these names are written, and `faded`, which reads a knob.
pub(super) fn function(name: &str, x: &Tensor) -> Tensor {
    let one = |op: &str, x: &Tensor| call(op, &[x.into()], &[]);
    match name {
        "swish" => {
            let steep = call("aten::mul.Scalar", &[x.into(), 2.0_f64.into()], &[]);
            times(x, &one("aten::sigmoid", &steep))
        }
        "mish" => times(x, &one("aten::tanh", &one("aten::softplus", x))),
        "lisht" => times(x, &one("aten::tanh", x)),
        "elu" => call("aten::elu", &[x.into(), 0.5_f64.into()], &[]),
        "gelu" => call("aten::gelu", &[x.into()], &[("approximate", "none".into())]),
        "gelu-tanh" => call("aten::gelu", &[x.into()], &[("approximate", "tanh".into())]),
        "leaky" => call("aten::leaky_relu", &[x.into(), 0.1_f64.into()], &[]),
        "within" => call("aten::clamp", &[x.into(), (-1.0_f64).into(), 2.0_f64.into()], &[]),
        "below" => call("aten::clamp", &[x.into(), Arg::None, 2.0_f64.into()], &[]),
        "silu" => one("aten::silu", x),
        "square" => one("aten::neg", &one("aten::square", x)),
        "hardswish" => one("aten::hardswish", x),
        "softplus" => call("aten::softplus", &[x.into(), 2.0_f64.into(), 20.0_f64.into()], &[]),
        "relu" => one("aten::relu", x),
        "faded" => {
            let knob = knob();
            let soft = call("aten::div.Tensor", &[x.into(), (&knob).into()], &[]);
            times(x, &one("aten::sigmoid", &soft))
        }
        other => panic!("{other}"),
    }
}

pub(super) const NAMES: [&str; 15] = [
    "swish",
    "mish",
    "lisht",
    "elu",
    "gelu",
    "gelu-tanh",
    "softplus",
    "relu",
    "leaky",
    "within",
    "below",
    "silu",
    "square",
    "hardswish",
    "faded",
];

/// Nine images of a quarter piece each: two pieces, and one image that is left over.
fn images() -> [Tensor; 2] {
    images_in(MemoryFormat::Contiguous)
}

fn images_in(format: MemoryFormat) -> [Tensor; 2] {
    tch::manual_seed(11);
    let random = || format.apply(&(Tensor::randn([9, 16, 32, 32], FLOATS) * 3.0)).unwrap();
    [random().set_requires_grad(true), random()]
}

pub(super) fn gradient(y: &Tensor, x: &Tensor, to_y: &Tensor) -> Tensor {
    grad(&[y], &[x], Some(&[to_y]), GradOptions::default()).unwrap().remove(0).unwrap()
}

/// All but these are computed by kernels of Jackpot's own.
const BY_OPERATORS: [&str; 1] = ["hardswish"];

/// The operators' own, or what they compute in f64: their f32 has lost more than kernels lose where
/// they subtract what is almost one from one.
fn wanted(name: &str, x: &Tensor, to_y: &Tensor) -> [Tensor; 2] {
    let kind = if BY_OPERATORS.contains(&name) { Kind::Float } else { Kind::Double };
    let x = x.detach().to_kind(kind).set_requires_grad(true);
    let y = function(name, &x);
    let to_x = gradient(&y, &x, &to_y.to_kind(kind));
    [y, to_x]
}

/// The same bits, or those of other kernels.
fn same(name: &str, found: &Tensor, wanted: &Tensor) {
    if !BY_OPERATORS.contains(&name) {
        let off = ((found - wanted).abs() / (wanted.abs() + 1.0)).max().double_value(&[]);
        assert!(off < 1e-6, "{name}: {off}");
    } else {
        assert!(found.equal(wanted), "{name}");
    }
}

#[test]
fn values_and_gradients_are_the_same() {
    for format in [MemoryFormat::Contiguous, MemoryFormat::ChannelsLast] {
        let [x, to_y] = images_in(format);
        for name in NAMES {
            let [plain, usual] = wanted(name, &x, &to_y);
            let found = apply(&x, &|part| Some(function(name, part))).unwrap().unwrap();
            assert!(format.holds(&found).unwrap(), "{name}");
            same(name, &found, &plain);
            same(name, &gradient(&found, &x, &to_y), &usual);
        }
    }
}

#[test]
fn kernels_know_these() {
    for name in NAMES {
        let x = images()[0].detach();
        let (y, calls) = record(|| tch::no_grad(|| function(name, &x)));
        let program = Program::of(&calls, &x, &y, Knobs::Copied).unwrap().unwrap();
        let is_fused = Fused::of(&program).unwrap().is_some();
        assert_eq!(is_fused, !BY_OPERATORS.contains(&name), "{name}");
    }
}

#[test]
fn second_derivatives_are_the_same_bits() {
    let [x, to_y] = images();
    for name in ["swish", "mish"] {
        let second = |y: &Tensor| {
            let options = GradOptions { create_graph: true, ..GradOptions::default() };
            let first = grad(&[y], &[&x], Some(&[&to_y]), options).unwrap().remove(0).unwrap();
            gradient(&first, &x, &to_y)
        };
        let found = apply(&x, &|part| Some(function(name, part))).unwrap().unwrap();
        assert!(second(&found).equal(&second(&function(name, &x))), "{name}");
    }
}

#[test]
fn without_a_gradient_the_plugin_is_called_as_it_is() {
    let [x, _] = images();
    let made = tch::no_grad(|| apply(&x, &|part| Some(function("mish", part))).unwrap());
    assert!(made.is_none());
    assert!(apply(&x, &|part| Some(function("mish", part))).unwrap().unwrap().requires_grad());
}

/// What depends on other numbers than the one at its place.
#[test]
fn anything_else_is_not_computed_in_pieces() {
    let [x, _] = images();
    let weight = Tensor::ones([1, 16, 1, 1], FLOATS);
    let learned = Tensor::from(0.5_f32).set_requires_grad(true);
    let is_done = |of: &dyn Fn(&Tensor) -> Option<Tensor>| apply(&x, of).unwrap().is_some();
    assert!(is_done(&|part| Some(function("hardswish", part))));
    assert!(!is_done(&|part| Some(times(part, &weight))));
    assert!(!is_done(&|part| Some(times(part, &learned))));
    assert!(!is_done(&|part| Some(call("aten::softmax.int", &[part.into(), 1_i64.into()], &[]))));
    assert!(!is_done(&|part| {
        let mean = call("aten::mean", &[part.into()], &[]);
        Some(times(part, &mean))
    }));
    // Numbers that were looked at may be in what is computed.
    assert!(!is_done(&|part| {
        note_read();
        Some(function("swish", part))
    }));
    // A number that no operator is seen to make.
    assert!(!is_done(&|part| Some(part * 2.0)));
    assert!(!is_done(&|_| None));
}

#[test]
fn what_is_written_down_is_the_plugins_own_calls() {
    let [x, _] = images();
    let (found, calls) = record(|| apply(&x, &|part| Some(function("mish", part))).unwrap());
    assert!(found.is_none() && calls.is_empty());
    let few = x.narrow(0, 0, 4);
    assert!(apply(&few, &|part| Some(function("mish", part))).unwrap().is_none());
}
