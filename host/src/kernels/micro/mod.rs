//! Micro-kernels: what runs inside the loops over tiles, generic over the vector unit.
//!
//! A tile is a few output pixels of one channel, for one block of images: as many registers as
//! there are pixels. One kept weight then costs a broadcast and one multiply-add per pixel, whose
//! input comes straight from memory.

// Rows and columns are places in registers and in memory alike; as constants they vanish.
#![allow(clippy::needless_range_loop)]

pub(crate) mod activation;
pub(crate) mod depthwise;
pub(crate) mod gather;
pub(crate) mod line;
pub(crate) mod norm;
pub(crate) mod told;
pub(crate) mod weight;
pub(crate) mod whole;

use super::isa::simd::Simd;

/// Writes a register, past the caches where that is said.
///
/// # Safety
///
/// A register's numbers may be written there, aligned where they are to go past the caches.
#[inline(always)]
unsafe fn put<S: Simd>(stream: bool, to: *mut f32, value: S::V) {
    // SAFETY: as promised by the caller.
    unsafe {
        match stream {
            true => S::stream(to, value),
            false => S::store(to, value),
        }
    }
}

/// Sums that [`chains`] forms at once: enough to hide how long one takes.
pub(crate) const CHAINS: usize = 12;

/// Sums of products that need no memory at all: what the unit can do at most.
///
/// # Safety
///
/// The processor has `S`.
#[inline(always)]
pub(crate) unsafe fn chains<S: Simd>(a: f32, b: f32, steps: usize) {
    // SAFETY: as promised by the caller.
    unsafe {
        let (a, b) = (S::splat(a), S::splat(b));
        let mut sums = [S::splat(0.0); CHAINS];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = S::fma(a, *sum, b);
            }
        }
        let total = sums.into_iter().fold(S::splat(0.0), |total, sum| S::add(total, sum));
        std::hint::black_box(S::sum(total));
    }
}
