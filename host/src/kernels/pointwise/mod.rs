//! Functions of one number, such as a plugin's activation, computed in one loop for many numbers:
//! the calls that it is made of one after the other over a few hundred numbers, which stay in the
//! first cache.

mod math;

use super::isa::Isa;
use super::threads::Threads;

/// Numbers that are computed at a time.
const CHUNK: usize = 256;
/// Below this many a second thread brings nothing.
const ENOUGH: usize = 1 << 15;

/// Where a call reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// A value: 0 is `x`, then each call's result.
    Value(usize),
    Number(f32),
}

/// What a call computes of its operands `a` and `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    /// a + scale · b
    Add {
        a: Operand,
        b: Operand,
        scale: f32,
    },
    Mul {
        a: Operand,
        b: Operand,
    },
    Div {
        a: Operand,
        b: Operand,
    },
    Exp(usize),
    Sigmoid(usize),
    Tanh(usize),
    Softplus {
        of: usize,
        beta: f32,
        threshold: f32,
    },
    /// tanh(ln(1 + e^a)), which takes one exponential function in place of two and a logarithm.
    TanhSoftplus(usize),
}

/// A function of one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointwise {
    calls: Vec<Call>,
    /// Whether the result depends on them.
    needed: Vec<bool>,
    /// Which value is the result.
    output: usize,
}

impl Pointwise {
    /// `None`: a call reads what is computed after it, or there is no such result.
    pub fn new(mut calls: Vec<Call>, output: usize) -> Option<Self> {
        let fits = |(place, call): (usize, &Call)| {
            call.operands().iter().all(|operand| match operand {
                Operand::Value(value) => *value <= place,
                Operand::Number(_) => true,
            })
        };
        if !calls.iter().enumerate().all(fits) || output > calls.len() {
            return None;
        }
        for place in 1..calls.len() {
            let Call::Tanh(of) = calls[place] else { continue };
            let before = of.checked_sub(1).map(|before| calls[before]);
            if let Some(Call::Softplus { of, beta: 1.0, threshold: 10.0.. }) = before {
                calls[place] = Call::TanhSoftplus(of);
            }
        }
        let mut needed = vec![false; calls.len()];
        let mut reads = vec![Operand::Value(output)];
        while let Some(operand) = reads.pop() {
            let Operand::Value(value @ 1..) = operand else { continue };
            if !std::mem::replace(&mut needed[value - 1], true) {
                reads.extend(calls[value - 1].operands());
            }
        }
        Some(Self { calls, needed, output })
    }

    /// The calls that are needed, each with the value that it computes.
    #[inline(always)]
    fn steps(&self) -> impl DoubleEndedIterator<Item = (usize, &Call)> {
        let needed = self.calls.iter().zip(&self.needed).enumerate();
        needed.filter(|(_, (_, needed))| **needed).map(|(place, (call, _))| (place + 1, call))
    }

    /// The function of each number of `x`, into `y` of the same length.
    pub fn forward(&self, x: &[f32], y: &mut [f32], threads: &Threads) {
        let part = part(x.len(), threads);
        let jobs = x.chunks(part).zip(y.chunks_mut(part)).collect();
        threads.run(jobs, |(x, y)| {
            Isa::best().run(
                #[inline(always)]
                || {
                    let mut values = vec![0.0; (self.calls.len() + 1) * CHUNK];
                    for (x, y) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)) {
                        self.values(x, &mut values);
                        let result = &values[self.output * CHUNK..][..y.len()];
                        y.copy_from_slice(result);
                    }
                },
            );
        });
    }

    /// The gradient to each number of `x`, for those to the function's results.
    pub fn backward(&self, x: &[f32], to_y: &[f32], to_x: &mut [f32], threads: &Threads) {
        let part = part(x.len(), threads);
        let given = x.chunks(part).zip(to_y.chunks(part));
        let jobs = given.zip(to_x.chunks_mut(part)).collect();
        threads.run(jobs, |((x, to_y), to_x)| {
            Isa::best().run(
                #[inline(always)]
                || {
                    let mut values = vec![0.0; (self.calls.len() + 1) * CHUNK];
                    let mut slopes = values.clone();
                    let chunks = x.chunks(CHUNK).zip(to_y.chunks(CHUNK));
                    for ((x, to_y), to_x) in chunks.zip(to_x.chunks_mut(CHUNK)) {
                        self.values(x, &mut values);
                        slopes.fill(0.0);
                        slopes[self.output * CHUNK..][..to_y.len()].copy_from_slice(to_y);
                        for (place, call) in self.steps().rev() {
                            call.back(&values, &mut slopes, place);
                        }
                        to_x.copy_from_slice(&slopes[..to_x.len()]);
                    }
                },
            );
        });
    }

    #[inline(always)]
    fn values(&self, x: &[f32], values: &mut [f32]) {
        values[..x.len()].copy_from_slice(x);
        for (place, call) in self.steps() {
            let (before, after) = values.split_at_mut(place * CHUNK);
            if let Some(own) = after.first_chunk_mut() {
                call.forward(before, own);
            }
        }
    }
}

/// How many numbers a thread computes: whole chunks.
fn part(count: usize, threads: &Threads) -> usize {
    let parts = if count < ENOUGH { 1 } else { threads.count() };
    count.div_ceil(CHUNK).div_ceil(parts).max(1) * CHUNK
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
        (Operand::Value(a), Operand::Number(b)) => map(own, of(values, a), |a| function(a, b)),
        (Operand::Number(a), Operand::Value(b)) => map(own, of(values, b), |b| function(a, b)),
        (Operand::Number(a), Operand::Number(b)) => own.fill(function(a, b)),
    }
}

impl Call {
    fn operands(&self) -> [Operand; 2] {
        match *self {
            Self::Add { a, b, .. } | Self::Mul { a, b } | Self::Div { a, b } => [a, b],
            Self::Exp(of)
            | Self::Sigmoid(of)
            | Self::Tanh(of)
            | Self::TanhSoftplus(of)
            | Self::Softplus { of, .. } => [Operand::Value(of); 2],
        }
    }

    #[inline(always)]
    fn forward(&self, values: &[f32], own: &mut Numbers) {
        match *self {
            Self::Add { a, b, scale } => join(own, values, [a, b], |a, b| scale.mul_add(b, a)),
            Self::Mul { a, b } => join(own, values, [a, b], |a, b| a * b),
            Self::Div { a, b } => join(own, values, [a, b], |a, b| a / b),
            Self::Exp(a) => map(own, of(values, a), math::exp),
            Self::Sigmoid(a) => map(own, of(values, a), math::sigmoid),
            Self::Tanh(a) => map(own, of(values, a), math::tanh),
            Self::TanhSoftplus(a) => map(own, of(values, a), math::tanh_softplus),
            Self::Softplus { of: a, beta, threshold } => {
                map(own, of(values, a), |a| math::softplus(a, beta, threshold));
            }
        }
    }

    /// Adds to the operands' slopes what the slope of this call's result, `place`, gives them.
    #[inline(always)]
    fn back(&self, values: &[f32], slopes: &mut [f32], place: usize) {
        let (before, after) = slopes.split_at_mut(place * CHUNK);
        let (slope, y) = (of(after, 0), of(values, place));
        match *self {
            Self::Add { a, b, scale } => {
                give(before, a, |at| slope[at]);
                give(before, b, |at| scale * slope[at]);
            }
            Self::Mul { a, b } => {
                by(before, values, a, b, |at, other| slope[at] * other);
                by(before, values, b, a, |at, other| slope[at] * other);
            }
            Self::Div { a, b } => {
                by(before, values, a, b, |at, below| slope[at] / below);
                by(before, values, b, b, |at, below| -slope[at] * y[at] / below);
            }
            Self::Exp(a) => give(before, Operand::Value(a), |at| slope[at] * y[at]),
            Self::Sigmoid(a) => {
                give(before, Operand::Value(a), |at| slope[at] * y[at] * (1.0 - y[at]));
            }
            Self::Tanh(a) => {
                give(before, Operand::Value(a), |at| slope[at] * (1.0 - y[at] * y[at]));
            }
            Self::TanhSoftplus(a) => {
                let x = of(values, a);
                give(before, Operand::Value(a), |at| slope[at] * math::tanh_softplus_slope(x[at]));
            }
            Self::Softplus { of: a, beta, threshold } => {
                let x = of(values, a);
                give(before, Operand::Value(a), |at| {
                    slope[at] * math::softplus_slope(x[at], beta, threshold)
                });
            }
        }
    }
}

/// Adds to an operand's slope.
#[inline(always)]
fn give(slopes: &mut [f32], to: Operand, slope: impl Fn(usize) -> f32) {
    let Operand::Value(to) = to else { return };
    let to = &mut slopes.as_chunks_mut::<CHUNK>().0[to];
    for (place, to) in to.iter_mut().enumerate() {
        *to += slope(place);
    }
}

/// As [`give`], with each number of the other operand.
#[inline(always)]
fn by(
    slopes: &mut [f32],
    values: &[f32],
    to: Operand,
    other: Operand,
    slope: impl Fn(usize, f32) -> f32,
) {
    match other {
        Operand::Value(other) => {
            let other = of(values, other);
            give(slopes, to, |at| slope(at, other[at]));
        }
        Operand::Number(other) => give(slopes, to, |at| slope(at, other)),
    }
}

#[cfg(test)]
mod tests;
