//! Fused functions without a GPU: this processor's own compiler stands for NVRTC, and tensors on the CPU
//! for those on a device.

mod choice;
mod graphs;
mod host;
mod nvrtc;
mod values;

use tch::{Kind, Tensor};

use super::apply_with;
use super::found::{Last, storage};
use crate::kernels::pointwise::cuda::Source;
use crate::model::run::pieces::program::{Knobs, Program};
use crate::model::run::pieces::tests as plain;
use crate::model::run::pieces::translate::reading;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::nvrtc::Compiler;

/// Those of a single operator that plugins may end with, and all of [`plain::NAMES`] but what kernels
/// do not know.
fn names() -> Vec<&'static str> {
    let more = ["exp", "sigmoid", "tanh", "less"];
    plain::NAMES.into_iter().filter(|name| *name != "hardswish").chain(more).collect()
}

fn function(name: &str, x: &Tensor) -> Tensor {
    match name {
        "exp" | "sigmoid" | "tanh" => plain::call(&format!("aten::{name}"), &[x.into()], &[]),
        "less" => plain::call("aten::sub.Scalar", &[x.into(), 0.25_f64.into()], &[]),
        other => plain::function(other, x),
    }
}

/// Two images of an odd number of numbers each, enough to be fused, and the gradient of a result.
fn images(kind: Kind, format: MemoryFormat) -> [Tensor; 2] {
    tch::manual_seed(12);
    let random = || {
        let random = (Tensor::randn([2, 3, 53, 61], plain::FLOATS) * 3.0).to_kind(kind);
        format.apply(&random).unwrap()
    };
    [random().set_requires_grad(true), random()]
}

/// A function's kernels, whether they would be used or not, and the numbers that they read.
fn source(name: &str, x: &Tensor) -> (Source, Vec<Tensor>) {
    let traced = Program::traced(x, &|x| Some(function(name, x)), Knobs::Shared).unwrap();
    let (function, reads) = reading(&traced.unwrap().0, x.device()).unwrap();
    (function.cuda(storage(x.kind()).unwrap()).unwrap(), reads)
}

/// At a site of its own.
fn fused(compiler: &dyn Compiler, name: &str, x: &Tensor) -> Option<Tensor> {
    let own = [("knob", &plain::knob())];
    apply_with(compiler, x, &|x| Some(function(name, x)), &own, &Last::default()).unwrap()
}
