//! What kernels compute, and what is left to operators.

use tch::{Device, Kind, Tensor};

use super::host::{Host, text};
use super::{apply_with, function, fused, images, plain};
use crate::model::run::pieces::cuda::{Last, apply};
use crate::torch::Arg;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::op::record::{note_read, record};

fn x() -> Tensor {
    let [x, _] = images(Kind::Float, MemoryFormat::Contiguous);
    x
}

#[test]
fn a_single_operator_is_libtorchs() {
    let (host, x) = (Host::none(), x());
    for name in ["relu", "elu", "gelu", "gelu-tanh", "softplus", "silu", "leaky", "within"] {
        assert!(fused(&host, name, &x).is_none(), "{name}");
    }
    assert_eq!(host.asked(), 0);
}

#[test]
fn only_images_that_lie_together_and_are_enough() {
    let host = Host::of("swish");
    let is_fused = |x: &Tensor| {
        let x = x.detach().set_requires_grad(true);
        fused(&host, "swish", &x).is_some()
    };
    assert!(is_fused(&x()));
    assert!(!is_fused(&x().narrow(2, 0, 50)), "gaps");
    assert!(!is_fused(&x().narrow(0, 0, 1).expand([3, 3, 53, 61], false)), "shared");
    assert!(!is_fused(&x().narrow(2, 0, 10).contiguous()), "few numbers");
    assert!(!is_fused(&Tensor::zeros([1, 3, 100, 100], plain::FLOATS)), "one image");
    assert!(!is_fused(&Tensor::zeros([], plain::FLOATS)), "one number");
    assert!(!is_fused(&Tensor::zeros([0, 3, 100, 100], plain::FLOATS)), "none");
    for kind in [Kind::Double, Kind::Half] {
        assert!(!is_fused(&x().to_kind(kind)), "{kind:?}");
    }
    assert!(fused(&host, "swish", &x().detach()).is_none(), "no gradient");
    assert!(tch::no_grad(|| fused(&host, "swish", &x())).is_none(), "an evaluation");
    assert_eq!(host.runs(), [1, 0]);
}

/// What depends on other numbers than the one at its place, and what kernels do not know.
#[test]
fn anything_else_is_not_fused() {
    let (host, x) = (Host::none(), x());
    let asks = |of: &dyn Fn(&Tensor) -> Option<Tensor>| {
        let before = host.asked();
        assert!(apply_with(&host, &x, of, &[], &Last::default()).unwrap().is_none());
        host.asked() > before
    };
    let swish = |x: &Tensor| Some(function("swish", x));
    assert!(asks(&swish));
    let weight = Tensor::ones([1, 3, 1, 1], plain::FLOATS);
    assert!(!asks(&|x| Some(function("swish", &plain::times(x, &weight)))));
    let learned = Tensor::from(0.5_f32).set_requires_grad(true);
    assert!(!asks(&|x| Some(function("swish", &plain::times(x, &learned)))));
    let exact = Tensor::from(0.5_f64);
    assert!(!asks(&|x| Some(function("swish", &plain::times(x, &exact)))));
    assert!(!asks(&|x| Some(function("hardswish", &function("swish", x)))));
    assert!(!asks(&|x| {
        let sum = plain::call("aten::sum", &[x.into()], &[]);
        Some(plain::times(&function("swish", x), &sum))
    }));
    // A bound that would have to be looked at.
    assert!(!asks(&|x| {
        let args: [Arg<'_>; 2] = [x.into(), (&exact).into()];
        Some(function("swish", &plain::call("aten::clamp.Tensor", &args, &[])))
    }));
    assert!(!asks(&|x| {
        note_read();
        swish(x)
    }));
    assert!(!asks(&|x| Some(function("swish", x).to_kind(Kind::Double))));
    assert!(!asks(&|_| None));
    let (found, calls) = record(|| apply_with(&host, &x, &swish, &[], &Last::default()).unwrap());
    assert!(found.is_none() && calls.is_empty());
}

#[test]
fn a_site_compiles_once_until_its_function_is_another() {
    let (host, last, x) = (
        Host::knowing(&[text("swish", Kind::Float), text("lisht", Kind::Float)]),
        Last::default(),
        x(),
    );
    let at_site = |name: &str| {
        apply_with(&host, &x, &|x| Some(function(name, x)), &[], &last).unwrap().is_some()
    };
    for (name, asked) in [("swish", 1), ("swish", 1), ("lisht", 2), ("lisht", 2), ("swish", 3)] {
        assert!(at_site(name));
        assert_eq!(host.asked(), asked, "{name}");
    }
    assert!(!at_site("relu") && at_site("swish"));
    assert!(format!("{last:?}").contains("Swish"));
}

#[test]
fn without_a_compiler_or_a_launch_operators_compute() {
    let [x, to_y] = images(Kind::Float, MemoryFormat::Contiguous);
    assert!(fused(&Host::none(), "swish", &x).is_none());
    let texts = [text("swish", Kind::Float)];
    let host = Host::failing(&texts, Some(0));
    assert!(fused(&host, "swish", &x).is_none());
    // Too late for another way forward, but not for one back.
    let host = Host::failing(&texts, Some(1));
    let y = fused(&host, "swish", &x).unwrap();
    let to_x = plain::gradient(&y, &x, &to_y);
    assert!(to_x.equal(&plain::gradient(&function("swish", &x), &x, &to_y)));
    assert_eq!(host.runs(), [1, 1]);
}

#[test]
fn images_on_the_cpu_are_not_for_these_kernels() {
    let x = x();
    assert_eq!(x.device(), Device::Cpu);
    let of = |_: &Tensor| -> Option<Tensor> { panic!("the plugin is not called") };
    assert!(apply(&x, &of, &[], &Last::default()).unwrap().is_none());
}
