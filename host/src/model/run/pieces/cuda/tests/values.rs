//! What kernels compute, against libtorch's autograd in f64 of the same numbers.

use tch::{Device, Kind, Tensor};

use super::host::{Host, text};
use super::{apply_with, function, fused, images, names, plain, source};
use crate::model::run::pieces::cuda::Last;
use crate::torch::grad::{GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::nvrtc::Elementwise;

const KINDS: [Kind; 2] = [Kind::Float, Kind::BFloat16];
/// Those of several operators.
const FUSED: [&str; 5] = ["swish", "mish", "lisht", "square", "faded"];

fn wanted(name: &str, x: &Tensor, to_y: &Tensor) -> [Tensor; 2] {
    let x = x.detach().to_kind(Kind::Double).set_requires_grad(true);
    let y = function(name, &x);
    let to_x = plain::gradient(&y, &x, &to_y.to_kind(Kind::Double));
    [y.detach(), to_x]
}

/// f32 to a few last places, bf16 to the nearest.
fn close(name: &str, found: &Tensor, wanted: &Tensor) {
    let rounding = if found.kind() == Kind::BFloat16 { 1.0 / 256.0 } else { 0.0 };
    let bound = wanted.abs() * rounding + (wanted.abs() + 1.0) * 1e-6;
    let beyond = (found.detach().to_kind(Kind::Double) - wanted).abs() - bound;
    let most = beyond.max().double_value(&[]);
    assert!(most <= 0.0, "{name} in {:?}: {most}", found.kind());
}

#[test]
fn every_function_and_its_gradient_are_libtorchs() {
    let texts = names().into_iter().flat_map(|name| KINDS.map(|kind| text(name, kind)));
    let host = Host::knowing(&texts.collect::<Vec<_>>());
    for kind in KINDS {
        let [x, to_y] = images(kind, MemoryFormat::Contiguous).map(|x| x.detach());
        for name in names() {
            let (source, reads) = source(name, &x);
            let reads: Vec<_> = source.reads.iter().map(|&read| &reads[read]).collect();
            let names = ["jackpot_forward", "jackpot_backward"];
            let made = Elementwise::new(&host, &source.text, names, source.numbers).unwrap();
            let [y, to_x] = wanted(name, &x, &to_y);
            close(name, &made.forward(&x, &reads).unwrap(), &y);
            close(name, &made.backward(&x, &to_y, &reads).unwrap(), &to_x);
        }
    }
}

#[test]
fn activations_give_them_to_autograd_however_numbers_lie() {
    let texts = FUSED.iter().flat_map(|name| KINDS.map(|kind| text(name, kind)));
    let host = Host::knowing(&texts.collect::<Vec<_>>());
    let mut runs = 0;
    let mut check = |name: &str, x: &Tensor, to_y: &Tensor| {
        let found = fused(&host, name, x).unwrap();
        assert_eq!((found.size(), found.kind()), (x.size(), x.kind()), "{name}");
        assert_eq!(found.stride(), x.stride(), "{name}");
        let [y, to_x] = wanted(name, x, to_y);
        close(name, &found, &y);
        close(name, &plain::gradient(&found, x, to_y), &to_x);
        runs += 1;
        assert_eq!(host.runs(), [runs, runs]);
    };
    for kind in KINDS {
        for name in FUSED {
            let [x, to_y] = images(kind, MemoryFormat::Contiguous);
            check(name, &x, &to_y);
            let [last, to_last] = images(kind, MemoryFormat::ChannelsLast);
            check(name, &last, &to_last);
            // A gradient that lies otherwise, and one that has a single number in memory.
            check(name, &last, &to_y);
            check(name, &x, &Tensor::from(0.5_f32).to_kind(kind).expand(x.size(), false));
        }
        // Any other order, fewer dimensions, and an address that no vector has.
        let [x, to_y] = images(kind, MemoryFormat::Contiguous).map(|x| x.detach());
        check(
            "swish",
            &x.permute([1, 3, 0, 2]).set_requires_grad(true),
            &to_y.permute([1, 3, 0, 2]),
        );
        check("swish", &x.view([53, 366]).set_requires_grad(true), &to_y.view([53, 366]));
        let odd = x.flatten(0, -1).narrow(0, 1, 19_396).view([2, 9698]);
        check("faded", &odd.set_requires_grad(true), &odd.ones_like());
    }
}

#[test]
fn second_derivatives_are_the_operators() {
    let [x, to_y] = images(Kind::Float, MemoryFormat::Contiguous);
    for name in ["swish", "mish", "faded"] {
        let second = |y: &Tensor| {
            let options = GradOptions { create_graph: true, ..GradOptions::default() };
            let first = grad(&[y], &[&x], Some(&[&to_y]), options).unwrap().remove(0).unwrap();
            plain::gradient(&first, &x, &to_y)
        };
        let found = fused(&Host::of(name), name, &x).unwrap();
        assert!(second(&found).equal(&second(&function(name, &x))), "{name}");
    }
}

/// x · sigmoid(x / knob)
fn by_knob(x: &Tensor, knob: &Tensor) -> Tensor {
    let soft = plain::call("aten::div.Tensor", &[x.into(), knob.into()], &[]);
    plain::times(x, &plain::call("aten::sigmoid", &[(&soft).into()], &[]))
}

#[test]
fn a_knob_is_read_at_every_launch() {
    let (host, last) = (Host::of("faded"), Last::default());
    let [x, to_y] = images(Kind::Float, MemoryFormat::Contiguous);
    let mut knob = Tensor::full([], 0.7, (Kind::Float, Device::Cpu));
    for value in [0.7, 0.3, 1.5] {
        let _ = knob.fill_(value);
        let own = [("softness", &knob)];
        let found = apply_with(&host, &x, &|x| Some(by_knob(x, &knob)), &own, &last);
        let found = found.unwrap().unwrap();
        let exact = x.detach().to_kind(Kind::Double).set_requires_grad(true);
        let y = by_knob(&exact, &knob);
        close("y", &found, &y.detach());
        let to_x = plain::gradient(&y, &exact, &to_y.to_kind(Kind::Double));
        close("to x", &plain::gradient(&found, &x, &to_y), &to_x);
    }
    assert_eq!(host.asked(), 1);
    // On the way back it must still be the same, as for operators.
    let found = apply_with(&host, &x, &|x| Some(by_knob(x, &knob)), &[("knob", &knob)], &last)
        .unwrap()
        .unwrap();
    let _ = knob.fill_(2.0);
    let error = grad(&[&found], &[&x], Some(&[&to_y]), GradOptions::default()).unwrap_err();
    assert!(error.to_string().contains("modified by an inplace operation"), "{error}");
}
