//! Functions of one number, such as a plugin's activation, computed in one loop for many numbers:
//! the calls that it is made of one after the other over a few hundred numbers, which stay in the
//! first cache.

mod chunks;
mod math;

use std::ops::Range;

use self::chunks::Chunks;
use super::isa::Isa;
use super::micro::activation::Activation;
use super::threads::Threads;

/// Numbers that are computed at a time.
const CHUNK: usize = 256;
/// Numbers that stay in the first cache.
const PIECE: usize = 4 << 10;
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
    /// max(a, 0)
    Relu(usize),
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
    /// a · sigmoid(β · a)
    Swish {
        of: usize,
        beta: f32,
    },
    /// a · tanh(ln(1 + e^a))
    Mish(usize),
}

/// A function of one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Pointwise {
    /// In their order; those that the result does not depend on are left out.
    steps: Vec<Step>,
    /// Values, of which some may not be needed, and slopes that are computed with them.
    values: usize,
    /// Which value is the result.
    output: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    call: Call,
    /// The value that it computes.
    value: usize,
    /// Where the call's own slope is kept, if it comes with the value.
    slope: Option<usize>,
    /// Whether the slope of each operand has nothing in it yet, on the way back.
    fresh: [bool; 2],
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
            if let Some(whole) = calls[place].whole(&calls[..place]) {
                calls[place] = whole;
            }
        }
        // From the result back to what it depends on: a call comes after all that it reads.
        let (mut values, mut steps) = (calls.len() + 1, Vec::new());
        let mut is_needed = vec![false; values];
        is_needed[output] = true;
        for (place, call) in calls.into_iter().enumerate().rev() {
            if !is_needed[place + 1] {
                continue;
            }
            let fresh = call.operands().map(|operand| match operand {
                Operand::Value(value) => !std::mem::replace(&mut is_needed[value], true),
                Operand::Number(_) => false,
            });
            let slope = call.has_slope().then_some(values);
            values += usize::from(slope.is_some());
            steps.push(Step { call, value: place + 1, slope, fresh });
        }
        steps.reverse();
        Some(Self { steps, values, output })
    }

    /// The function of each number of `x`, into `y` of the same length.
    pub fn forward(&self, x: &[f32], y: &mut [f32], threads: &Threads) {
        let part = part(x.len(), threads);
        let jobs = x.chunks(part).zip(y.chunks_mut(part)).collect();
        threads.run(jobs, |(x, y)| {
            for (x, y) in x.chunks(PIECE).zip(y.chunks_mut(PIECE)) {
                y.copy_from_slice(x);
                self.in_place(y, std::iter::once(0..x.len()));
            }
        });
    }

    /// The gradient to each number of `x`, for those to the function's results.
    pub fn backward(&self, x: &[f32], to_y: &[f32], to_x: &mut [f32], threads: &Threads) {
        let part = part(x.len(), threads);
        let given = x.chunks(part).zip(to_y.chunks(part));
        let jobs = given.zip(to_x.chunks_mut(part)).collect();
        threads.run(jobs, |((x, to_y), to_x)| {
            self.slopes(x, to_y, to_x, std::iter::once(0..x.len()));
        });
    }

    /// The function of the numbers at these places, in place of them.
    pub fn in_place(&self, numbers: &mut [f32], rows: impl Iterator<Item = Range<usize>>) {
        let isa = Isa::best();
        if let Some(activation) = self.activation() {
            // SAFETY: the processor has the instructions.
            rows.for_each(|row| unsafe {
                (isa.activation().values)(activation, &mut numbers[row])
            });
            return;
        }
        isa.run(
            #[inline(always)]
            || {
                let (mut values, mut chunks) = (self.room(), Chunks::new(rows));
                while let Some(chunk) = chunks.next() {
                    chunk.gather(numbers, &mut values);
                    self.compute(&mut values);
                    chunk.scatter(self.result(&values, CHUNK), numbers);
                }
            },
        );
    }

    /// What [`Pointwise::backward`] gives, at these places alone.
    pub fn slopes(
        &self,
        x: &[f32],
        to_y: &[f32],
        to_x: &mut [f32],
        rows: impl Iterator<Item = Range<usize>>,
    ) {
        let isa = Isa::best();
        if let Some(activation) = self.activation() {
            rows.for_each(|row| {
                let (x, to_y, to_x) = (&x[row.clone()], &to_y[row.clone()], &mut to_x[row]);
                // SAFETY: the processor has the instructions.
                unsafe { (isa.activation().slopes)(activation, x, to_y, to_x) };
            });
            return;
        }
        isa.run(
            #[inline(always)]
            || {
                let (mut values, mut slopes) = (self.room(), self.room());
                let mut chunks = Chunks::new(rows);
                while let Some(chunk) = chunks.next() {
                    chunk.gather(x, &mut values);
                    self.compute(&mut values);
                    chunk.gather(to_y, &mut slopes[self.output * CHUNK..]);
                    for step in self.steps.iter().rev() {
                        step.back(&values, &mut slopes);
                    }
                    chunk.scatter(&slopes, to_x);
                }
            },
        );
    }

    /// Whether it is max(x, 0).
    pub fn is_relu(&self) -> bool {
        matches!(self.steps.as_slice(), [Step { call: Call::Relu(_), value, .. }] if *value == self.output)
    }

    /// The one that it is, where it has a kernel of its own.
    fn activation(&self) -> Option<Activation> {
        match *self.steps.as_slice() {
            [Step { call: Call::Swish { beta, .. }, value, .. }] if value == self.output => {
                Some(Activation::Swish { beta })
            }
            [Step { call: Call::Mish(_), value, .. }] if value == self.output => {
                Some(Activation::Mish)
            }
            _ => None,
        }
    }

    /// Room for a chunk of each value.
    fn room(&self) -> Vec<f32> {
        vec![0.0; self.values * CHUNK]
    }

    /// All values of a chunk, of which the first is there.
    #[inline(always)]
    fn compute(&self, values: &mut [f32]) {
        for Step { call, value, slope, .. } in &self.steps {
            let (before, after) = values.split_at_mut(value * CHUNK);
            let after = after.as_chunks_mut::<CHUNK>().0;
            let Some((own, after)) = after.split_first_mut() else { continue };
            let slope = slope.and_then(|slope| after.get_mut(slope - value - 1));
            call.forward(before, own, slope);
        }
    }

    #[inline(always)]
    fn result<'a>(&self, values: &'a [f32], count: usize) -> &'a [f32] {
        &values[self.output * CHUNK..][..count]
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
        (Operand::Value(a), Operand::Number(b)) => map(own, of(values, a), |a| function(a, b)),
        (Operand::Number(a), Operand::Value(b)) => map(own, of(values, b), |b| function(a, b)),
        (Operand::Number(a), Operand::Number(b)) => own.fill(function(a, b)),
    }
}

impl Call {
    /// What it computes together with the calls before that it reads, where there is a shorter way.
    fn whole(self, before: &[Self]) -> Option<Self> {
        let call = |value: usize| before.get(value.checked_sub(1)?).copied();
        match self {
            Self::Tanh(of) => match call(of)? {
                Self::Softplus { of, beta: 1.0, threshold: 10.0.. } => Some(Self::TanhSoftplus(of)),
                _ => None,
            },
            Self::Mul { a: Operand::Value(a), b: Operand::Value(b) } => {
                let product = |x: usize, factor: usize| match call(factor)? {
                    Self::TanhSoftplus(of) if of == x => Some(Self::Mish(x)),
                    Self::Sigmoid(of) if of == x => Some(Self::Swish { of: x, beta: 1.0 }),
                    Self::Sigmoid(of) => match call(of)? {
                        Self::Mul { a: Operand::Value(of), b: Operand::Number(beta) }
                        | Self::Mul { a: Operand::Number(beta), b: Operand::Value(of) }
                            if of == x =>
                        {
                            Some(Self::Swish { of: x, beta })
                        }
                        Self::Div { a: Operand::Value(of), b: Operand::Number(softness) }
                            if of == x =>
                        {
                            Some(Self::Swish { of: x, beta: 1.0 / softness })
                        }
                        _ => None,
                    },
                    _ => None,
                };
                product(a, b).or_else(|| product(b, a))
            }
            _ => None,
        }
    }

    fn operands(&self) -> [Operand; 2] {
        match *self {
            Self::Add { a, b, .. } | Self::Mul { a, b } | Self::Div { a, b } => [a, b],
            Self::Relu(of)
            | Self::Exp(of)
            | Self::Sigmoid(of)
            | Self::Tanh(of)
            | Self::TanhSoftplus(of)
            | Self::Mish(of)
            | Self::Swish { of, .. }
            | Self::Softplus { of, .. } => [Operand::Value(of); 2],
        }
    }

    /// Whether the slope comes with the value at little cost.
    fn has_slope(&self) -> bool {
        matches!(
            self,
            Self::Softplus { .. } | Self::TanhSoftplus(_) | Self::Swish { .. } | Self::Mish(_)
        )
    }

    #[inline(always)]
    fn forward(&self, values: &[f32], own: &mut Numbers, slope: Option<&mut Numbers>) {
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
        }
    }
}

impl Step {
    /// Adds to the operands' slopes what the slope of this call's result gives them.
    #[inline(always)]
    fn back(&self, values: &[f32], slopes: &mut [f32]) {
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
            Call::TanhSoftplus(a)
            | Call::Mish(a)
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
        Operand::Number(other) => give(slopes, to, is_first, |at| slope(at, other)),
    }
}

#[cfg(test)]
mod tests;
