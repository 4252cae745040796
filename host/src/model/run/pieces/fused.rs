//! Functions of one number on kernels of Jackpot's own.

use std::sync::Arc;

use tch::Tensor;

use super::program::{Call, Program, Source};
use crate::kernels::pointwise::{self, Operand, Pointwise};
use crate::kernels::{Isa, Threads};
use crate::model::error::ModelError;
use crate::model::run::order::{in_order, order};
use crate::model::run::threads::threads;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::{Value, numbers};

/// A function whose calls all have kernels.
pub(super) struct Fused {
    function: Pointwise,
    threads: Arc<Threads>,
}

impl Fused {
    /// `None` where there is no [`pointwise()`].
    ///
    /// # Errors
    ///
    /// The system gives no threads.
    pub fn of(program: &Program) -> Result<Option<Self>, ModelError> {
        let with = |function| Ok(Self { function, threads: threads()? });
        pointwise(program).map(with).transpose()
    }

    /// The result, laid out as `x`.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let x = x.f_detach()?;
        let y = x.f_empty_like()?;
        let (from, mut to) = (in_order(&x)?, in_order(&y)?);
        self.function.forward(numbers::of(&from)?, numbers::of_mut(&mut to)?, &self.threads);
        Ok(y)
    }

    /// The gradient to `x`, laid out as it.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn backward(&self, x: &Tensor, to_y: &Tensor) -> Result<Tensor, ModelError> {
        let format = order(x).unwrap_or(MemoryFormat::Contiguous);
        let (to_y, to_x) = (format.apply(&to_y.f_detach()?)?, x.f_empty_like()?);
        let (from, weights, mut to) = (in_order(x)?, in_order(&to_y)?, in_order(&to_x)?);
        let (from, weights) = (numbers::of(&from)?, numbers::of(&weights)?);
        self.function.backward(from, weights, numbers::of_mut(&mut to)?, &self.threads);
        Ok(to_x)
    }
}

/// The kernels' function. `None`: they lack one of the calls, or the processor has no fused
/// multiply-add, where each of theirs would be a call into the C library.
pub(super) fn pointwise(program: &Program) -> Option<Pointwise> {
    if Isa::best() == Isa::Portable {
        return None;
    }
    let calls: Option<Vec<_>> = program.calls.iter().map(call).collect();
    Pointwise::new(calls?, program.output)
}

fn call(call: &Call) -> Option<pointwise::Call> {
    if !call.named.is_empty() {
        return None;
    }
    let name = call.op.name();
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
            let number = |place: usize, usual| rest.get(place).map_or(Some(usual), number);
            let [beta, threshold] = [number(0, 1.0)?, number(1, 20.0)?];
            pointwise::Call::Softplus { of: value(a)?, beta, threshold }
        }
        _ => return None,
    })
}

fn value(source: &Source) -> Option<usize> {
    match source {
        Source::Value(value) => Some(*value),
        Source::Constant(_) => None,
    }
}

fn operand(source: &Source) -> Option<Operand> {
    value(source).map(Operand::Value).or_else(|| number(source).map(Operand::Number))
}

fn number(source: &Source) -> Option<f32> {
    let Source::Constant(value) = source else { return None };
    match value {
        Value::Float(value) => Some(*value as f32),
        Value::Int(value) => Some(*value as f32),
        Value::Tensor(tensor) if tensor.dim() == 0 => {
            f64::try_from(tensor).ok().map(|value| value as f32)
        }
        _ => None,
    }
}
