//! The micro-kernels of 3 × 3 convolutions of each channel by itself, over images whose channels are
//! last: a register holds neighbouring channels of one pixel.
//!
//! A call does one row of pixels for all channels. Rows outside of the image are rows of zeros that
//! the caller has; columns outside are zeros in registers. Going along a row, every pixel is loaded
//! once for each row that reads it.
//!
//! A batch norm with a ReLU may come before: its output is never in memory, but made of its input
//! wherever it is read. Backward, the gradient is left in front of the ReLU, with the sums that the
//! norm's own need.

mod backward;
mod forward;

pub(crate) use backward::{Backward, Norm, backward, strided};
pub(crate) use forward::{Forward, forward};

use crate::kernels::isa::simd::Simd;

/// Places of a kernel.
pub(crate) const PLACES: usize = 9;

/// The kernels of one vector unit.
#[derive(Clone, Copy)]
pub(crate) struct DepthwiseKernels {
    /// By stride, then whether a norm comes before.
    pub(crate) forward: [[unsafe fn(&Forward); 2]; 2],
    /// With a stride of 1; then with a stride of 2, of rows that the middle of the kernel meets and of
    /// those that it does not; then whether a norm comes before.
    pub(crate) backward: [[unsafe fn(&Backward); 2]; 3],
}

/// # Safety
/// The processor has `S`, and so many numbers are there.
#[inline(always)]
unsafe fn places<S: Simd>(from: *const f32, channels: usize) -> [S::V; PLACES] {
    // SAFETY: as promised by the caller.
    unsafe {
        let mut all = [S::splat(0.0); PLACES];
        for (place, one) in all.iter_mut().enumerate() {
            *one = S::load(from.add(place * channels));
        }
        all
    }
}

/// A pixel of three rows; zero where there is none.
///
/// # Safety
/// The processor has `S`, and the pixels before `width` are there.
#[inline(always)]
unsafe fn column<S: Simd>(
    rows: &[*const f32; 3],
    x: usize,
    width: usize,
    channels: usize,
) -> [S::V; 3] {
    // SAFETY: as promised by the caller.
    unsafe {
        match x < width {
            true => rows.map(|row| S::load(row.add(x * channels))),
            false => [S::splat(0.0); 3],
        }
    }
}

/// These kernels with the instructions of one vector unit switched on.
macro_rules! entries {
    ($unit:ty $(, $features:literal)?) => {
        pub(super) const DEPTHWISE: $crate::kernels::micro::depthwise::DepthwiseKernels = {
            use $crate::kernels::micro::depthwise::{self, *};

            $(#[target_feature(enable = $features)])?
            unsafe fn forward<const STRIDE: usize, const NORM: bool>(job: &Forward) {
                // SAFETY: the caller's promises are the same.
                unsafe { depthwise::forward::<$unit, STRIDE, NORM>(job) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn backward<const NORM: bool>(job: &Backward) {
                // SAFETY: the caller's promises are the same.
                unsafe { depthwise::backward::<$unit, NORM>(job) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn strided<const FIRST: usize, const NORM: bool>(job: &Backward) {
                // SAFETY: the caller's promises are the same.
                unsafe { depthwise::strided::<$unit, FIRST, NORM>(job) }
            }

            DepthwiseKernels {
                forward: [
                    [forward::<1, false>, forward::<1, true>],
                    [forward::<2, false>, forward::<2, true>],
                ],
                backward: [
                    [backward::<false>, backward::<true>],
                    [strided::<1, false>, strided::<1, true>],
                    [strided::<0, false>, strided::<0, true>],
                ],
            }
        };
    };
}

pub(crate) use entries;
