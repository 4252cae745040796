//! The micro-kernel for single images: registers hold pixels side by side, not images.

use super::gather::Entry;
use crate::kernels::isa::simd::Simd;

/// Registers that a kept weight is applied to at once.
const MANY: usize = 8;

/// All pixels of one computed channel, one after the other.
pub(crate) struct Line<'a> {
    /// The input under the first pixel.
    pub(crate) input: *const f32,
    pub(crate) entries: &'a [Entry],
    /// What every sum starts from.
    pub(crate) start: f32,
    pub(crate) output: *mut f32,
    /// How many registers the pixels fill.
    pub(crate) registers: usize,
}

/// # Safety
///
/// The processor has `S`; so many registers are there at the output, and at every entry's place in
/// the input.
#[inline(always)]
pub(crate) unsafe fn line<S: Simd>(job: &Line<'_>) {
    let mut at = 0;
    // SAFETY: as promised by the caller.
    unsafe {
        while at + MANY <= job.registers {
            some::<S, MANY>(job, at);
            at += MANY;
        }
        while at < job.registers {
            some::<S, 1>(job, at);
            at += 1;
        }
    }
}

#[inline(always)]
unsafe fn some<S: Simd, const COUNT: usize>(job: &Line<'_>, first: usize) {
    // SAFETY: as promised by the caller of `line`.
    unsafe {
        let mut sums = [S::splat(job.start); COUNT];
        let input = job.input.add(first * S::LANES);
        for entry in job.entries {
            let weight = S::splat(entry.value);
            let from = input.add(entry.offset as usize);
            for place in 0..COUNT {
                sums[place] = S::fma(S::load(from.add(place * S::LANES)), weight, sums[place]);
            }
        }
        for place in 0..COUNT {
            S::store(job.output.add((first + place) * S::LANES), sums[place]);
        }
    }
}
