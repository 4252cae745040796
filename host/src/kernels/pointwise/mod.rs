//! Functions of one number, such as a plugin's activation, computed in one loop for many numbers:
//! the calls that it is made of one after the other over a few hundred numbers, which stay in the
//! first cache.

mod call;
mod chunks;
pub mod cuda;
mod math;
mod step;

use std::ops::Range;

use self::chunks::Chunks;
use self::step::Step;
use super::isa::Isa;
use super::micro::activation::Activation;
use super::threads::Threads;

pub use self::call::{Call, Operand};

/// Numbers that are computed at a time.
const CHUNK: usize = 256;
/// Numbers that stay in the first cache.
const PIECE: usize = 4 << 10;
/// Below this many a second thread brings nothing.
const ENOUGH: usize = 1 << 15;

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

impl Pointwise {
    /// `None`: a call reads what is computed after it, or there is no such result.
    pub fn new(mut calls: Vec<Call>, output: usize) -> Option<Self> {
        let fits = |(place, call): (usize, &Call)| {
            call.operands().iter().all(|operand| match operand {
                Operand::Value(value) => *value <= place,
                Operand::Number(_) | Operand::Read(_) => true,
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
                Operand::Number(_) | Operand::Read(_) => false,
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

#[cfg(test)]
mod tests;
