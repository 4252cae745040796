//! A call, computed for a chunk of numbers, and its slope.

use super::call::{Call, Operand};
use super::{CHUNK, math};

/// A call of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub call: Call,
    /// The value that it computes.
    pub value: usize,
    /// Where the call's own slope is kept, if it comes with the value.
    pub slope: Option<usize>,
    /// Whether the slope of each operand has nothing in it yet, on the way back.
    pub fresh: [bool; 2],
}

type Numbers = [f32; CHUNK];

/// A value's numbers.
#[inline(always)]
fn of(values: &[f32], value: usize) -> &Numbers {
    let chunks = values.as_chunks::<CHUNK>().0;
    &chunks[value]
}

#[inline(always)]
fn map(own: &mut Numbers, a: &Numbers, function: impl Fn(f32) -> f32) {
    for place in 0..CHUNK {
        own[place] = function(a[place]);
    }
}

#[inline(always)]
fn with_slope(
    own: &mut Numbers,
    slope: Option<&mut Numbers>,
    a: &Numbers,
    function: impl Fn(f32) -> (f32, f32),
) {
    let Some(slope) = slope else { return };
    for place in 0..CHUNK {
        (own[place], slope[place]) = function(a[place]);
    }
}

#[inline(always)]
fn map_two(own: &mut Numbers, a: &Numbers, b: &Numbers, function: impl Fn(f32, f32) -> f32) {
    for place in 0..CHUNK {
        own[place] = function(a[place], b[place]);
    }
}

#[inline(always)]
fn join(
    own: &mut Numbers,
    values: &[f32],
    [a, b]: [Operand; 2],
    function: impl Fn(f32, f32) -> f32,
) {
    match (a, b) {
        (Operand::Value(a), Operand::Value(b)) => {
            map_two(own, of(values, a), of(values, b), function);
        }
        (Operand::Value(a), b) => {
            let b = b.number();
            map(own, of(values, a), |a| function(a, b));
        }
        (a, Operand::Value(b)) => {
            let a = a.number();
            map(own, of(values, b), |b| function(a, b));
        }
        (a, b) => own.fill(function(a.number(), b.number())),
    }
}

impl Call {
    #[inline(always)]
    pub fn forward(&self, values: &[f32], own: &mut Numbers, slope: Option<&mut Numbers>) {
        match *self {
            Self::Add { a, b, scale } => join(own, values, [a, b], |a, b| scale.mul_add(b, a)),
            Self::Mul { a, b } => join(own, values, [a, b], |a, b| a * b),
            Self::Div { a, b } => join(own, values, [a, b], |a, b| a / b),
            Self::Relu(a) => map(own, of(values, a), |a| if a <= 0.0 { 0.0 } else { a }),
            Self::Exp(a) => map(own, of(values, a), math::exp),
            Self::Sigmoid(a) => map(own, of(values, a), math::sigmoid),
            Self::Tanh(a) => map(own, of(values, a), math::tanh),
            Self::TanhSoftplus(a) => with_slope(own, slope, of(values, a), math::tanh_softplus),
            Self::Mish(a) => with_slope(own, slope, of(values, a), math::mish),
            Self::Swish { of: a, beta } => {
                with_slope(own, slope, of(values, a), |a| math::swish(a, beta));
            }
            Self::Softplus { of: a, beta, threshold } => {
                with_slope(own, slope, of(values, a), |a| math::softplus(a, beta, threshold));
            }
            Self::LeakyRelu { of: a, scale } => {
                map(own, of(values, a), |a| if a > 0.0 { a } else { scale * a });
            }
            Self::Clamp { of: a, low, high } => {
                map(own, of(values, a), |a| math::within(a, low, high));
            }
            Self::Elu { of: a, alpha } => {
                with_slope(own, slope, of(values, a), |a| math::elu(a, alpha));
            }
            Self::Gelu(a) => with_slope(own, slope, of(values, a), math::gelu),
            Self::GeluTanh(a) => with_slope(own, slope, of(values, a), math::gelu_tanh),
        }
    }
}

impl Step {
    /// Adds to the operands' slopes what the slope of this call's result gives them.
    #[inline(always)]
    pub fn back(&self, values: &[f32], slopes: &mut [f32]) {
        let Self { value, fresh, .. } = *self;
        let (before, after) = slopes.split_at_mut(value * CHUNK);
        let (slope, y) = (of(after, 0), of(values, value));
        let first = fresh[0];
        match self.call {
            Call::Add { a, b, scale } => {
                give(before, a, first, |at| slope[at]);
                give(before, b, fresh[1], |at| scale * slope[at]);
            }
            Call::Mul { a, b } => {
                by(before, values, a, first, b, |at, other| slope[at] * other);
                by(before, values, b, fresh[1], a, |at, other| slope[at] * other);
            }
            Call::Div { a, b } => {
                by(before, values, a, first, b, |at, below| slope[at] / below);
                by(before, values, b, fresh[1], b, |at, below| -slope[at] * y[at] / below);
            }
            Call::Relu(a) => {
                give(
                    before,
                    Operand::Value(a),
                    first,
                    |at| if y[at] <= 0.0 { 0.0 } else { slope[at] },
                );
            }
            Call::Exp(a) => give(before, Operand::Value(a), first, |at| slope[at] * y[at]),
            Call::Sigmoid(a) => {
                give(before, Operand::Value(a), first, |at| slope[at] * y[at] * (1.0 - y[at]));
            }
            Call::Tanh(a) => {
                give(before, Operand::Value(a), first, |at| slope[at] * (1.0 - y[at] * y[at]));
            }
            Call::LeakyRelu { of: a, scale } => {
                let x = of(values, a);
                give(before, Operand::Value(a), first, |at| {
                    if x[at] > 0.0 { slope[at] } else { scale * slope[at] }
                });
            }
            Call::Clamp { of: a, low, high } => {
                let x = of(values, a);
                give(before, Operand::Value(a), first, |at| {
                    if x[at] >= low && x[at] <= high { slope[at] } else { 0.0 }
                });
            }
            Call::TanhSoftplus(a)
            | Call::Mish(a)
            | Call::Gelu(a)
            | Call::GeluTanh(a)
            | Call::Elu { of: a, .. }
            | Call::Swish { of: a, .. }
            | Call::Softplus { of: a, .. } => {
                let own = of(values, self.slope.unwrap_or(value));
                give(before, Operand::Value(a), first, |at| slope[at] * own[at]);
            }
        }
    }
}

/// Adds to an operand's slope, or is the first to write it.
#[inline(always)]
fn give(slopes: &mut [f32], to: Operand, is_first: bool, slope: impl Fn(usize) -> f32) {
    let Operand::Value(to) = to else { return };
    let to = &mut slopes.as_chunks_mut::<CHUNK>().0[to];
    match is_first {
        true => {
            for (place, to) in to.iter_mut().enumerate() {
                *to = slope(place);
            }
        }
        false => {
            for (place, to) in to.iter_mut().enumerate() {
                *to += slope(place);
            }
        }
    }
}

/// As [`give`], with each number of the other operand.
#[inline(always)]
fn by(
    slopes: &mut [f32],
    values: &[f32],
    to: Operand,
    is_first: bool,
    other: Operand,
    slope: impl Fn(usize, f32) -> f32,
) {
    match other {
        Operand::Value(other) => {
            let other = of(values, other);
            give(slopes, to, is_first, |at| slope(at, other[at]));
        }
        other => {
            let other = other.number();
            give(slopes, to, is_first, |at| slope(at, other));
        }
    }
}
