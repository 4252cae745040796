//! From operators to the calls of kernels.

use tch::{Device, Kind, Tensor};

use super::program::{Call, Program, Source};
use crate::kernels::Isa;
use crate::kernels::pointwise::{self, Operand, Pointwise};
use crate::torch::Value;

/// The kernels' function. `None`: they lack one of the calls, or the processor has no fused
/// multiply-add, where each of theirs would be a call into the C library.
pub(super) fn pointwise(program: &Program) -> Option<Pointwise> {
    if Isa::best() == Isa::Portable {
        return None;
    }
    translated(program, &mut |number| self::number(number).map(Operand::Number))
}

/// As [`pointwise`], for kernels on a device: the tensors there that are one f32 for all are not looked
/// at here, for which the device had to be waited for. They come back in the list from which kernels
/// read them.
pub(super) fn reading(program: &Program, device: Device) -> Option<(Pointwise, Vec<Tensor>)> {
    let mut reads = Vec::new();
    let function = translated(program, &mut |number| match number {
        Source::Constant(Value::Tensor(tensor)) if tensor.device() == device => {
            let is_read = tensor.dim() == 0 && tensor.kind() == Kind::Float;
            is_read.then(|| {
                reads.push(tensor.shallow_clone());
                Operand::Read(reads.len() - 1)
            })
        }
        other => self::number(other).map(Operand::Number),
    })?;
    Some((function, reads))
}

/// What a constant is to kernels.
type Constants<'a> = dyn FnMut(&Source) -> Option<Operand> + 'a;

fn translated(program: &Program, constants: &mut Constants<'_>) -> Option<Pointwise> {
    let calls: Option<Vec<_>> = program.calls.iter().map(|one| call(one, constants)).collect();
    Pointwise::new(calls?, program.output)
}

fn call(call: &Call, constants: &mut Constants<'_>) -> Option<pointwise::Call> {
    let mut operand = |source: &Source| match source {
        Source::Value(value) => Some(Operand::Value(*value)),
        constant => constants(constant),
    };
    let name = call.op.name();
    if name == "aten::gelu" {
        return gelu(call);
    }
    if !call.named.is_empty() {
        return None;
    }
    Some(match (name, call.args.as_slice()) {
        ("aten::mul.Tensor" | "aten::mul.Scalar", [a, b]) => {
            pointwise::Call::Mul { a: operand(a)?, b: operand(b)? }
        }
        ("aten::div.Tensor" | "aten::div.Scalar", [a, b]) => {
            pointwise::Call::Div { a: operand(a)?, b: operand(b)? }
        }
        ("aten::add.Tensor" | "aten::add.Scalar", [a, b]) => {
            pointwise::Call::Add { a: operand(a)?, b: operand(b)?, scale: 1.0 }
        }
        ("aten::sub.Tensor" | "aten::sub.Scalar", [a, b]) => {
            pointwise::Call::Add { a: operand(a)?, b: operand(b)?, scale: -1.0 }
        }
        ("aten::relu", [a]) => pointwise::Call::Relu(value(a)?),
        ("aten::exp", [a]) => pointwise::Call::Exp(value(a)?),
        ("aten::sigmoid", [a]) => pointwise::Call::Sigmoid(value(a)?),
        ("aten::tanh", [a]) => pointwise::Call::Tanh(value(a)?),
        ("aten::softplus", [a, rest @ ..]) => {
            let [beta, threshold] = [number_or(rest.first(), 1.0)?, number_or(rest.get(1), 20.0)?];
            pointwise::Call::Softplus { of: value(a)?, beta, threshold }
        }
        ("aten::leaky_relu", [a, rest @ ..]) => {
            pointwise::Call::LeakyRelu { of: value(a)?, scale: number_or(rest.first(), 0.01)? }
        }
        ("aten::elu", [a, rest @ ..]) if rest.len() < 2 => {
            pointwise::Call::Elu { of: value(a)?, alpha: number_or(rest.first(), 1.0)? }
        }
        ("aten::clamp", [a, low, rest @ ..]) => {
            clamp(a, bound(Some(low), f32::NEG_INFINITY)?, bound(rest.first(), f32::INFINITY)?)?
        }
        ("aten::clamp_min", [a, low]) => clamp(a, number(low)?, f32::INFINITY)?,
        ("aten::clamp_max", [a, high]) => clamp(a, f32::NEG_INFINITY, number(high)?)?,
        ("aten::silu", [a]) => pointwise::Call::Swish { of: value(a)?, beta: 1.0 },
        ("aten::mish", [a]) => pointwise::Call::Mish(value(a)?),
        ("aten::neg", [a]) => pointwise::Call::Mul { a: operand(a)?, b: Operand::Number(-1.0) },
        ("aten::square", [a]) => pointwise::Call::Mul { a: operand(a)?, b: operand(a)? },
        _ => return None,
    })
}

/// Its way of computing is the one argument that has a name.
fn gelu(call: &Call) -> Option<pointwise::Call> {
    let x = value(call.args.first()?)?;
    match call.named.as_slice() {
        [] => Some(pointwise::Call::Gelu(x)),
        [(_, Source::Constant(Value::String(way)))] => match way.as_str() {
            "none" => Some(pointwise::Call::Gelu(x)),
            "tanh" => Some(pointwise::Call::GeluTanh(x)),
            _ => None,
        },
        _ => None,
    }
}

/// `None` where PyTorch, too, has its own rules: the lower bound is above the upper one, or none.
fn clamp(a: &Source, low: f32, high: f32) -> Option<pointwise::Call> {
    (low <= high).then_some(pointwise::Call::Clamp { of: value(a)?, low, high })
}

fn value(source: &Source) -> Option<usize> {
    match source {
        Source::Value(value) => Some(*value),
        Source::Constant(_) => None,
    }
}

fn number(source: &Source) -> Option<f32> {
    let Source::Constant(value) = source else { return None };
    match value {
        Value::Float(value) => Some(*value as f32),
        Value::Int(value) => Some(*value as f32),
        // One on a GPU had to be waited for.
        Value::Tensor(tensor) if tensor.dim() == 0 && tensor.device() == Device::Cpu => {
            f64::try_from(tensor).ok().map(|value| value as f32)
        }
        _ => None,
    }
}

/// The schema's own number where none is given.
fn number_or(source: Option<&Source>, usual: f32) -> Option<f32> {
    source.map_or(Some(usual), number)
}

/// As [`number_or`]; an absent bound is none.
fn bound(source: Option<&Source>, none: f32) -> Option<f32> {
    match source {
        Some(Source::Constant(Value::None)) => Some(none),
        other => number_or(other, none),
    }
}
