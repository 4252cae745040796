//! Mean and variance of a convolution's output, told while it is still in registers: a batch norm
//! would otherwise read all of it again.

use super::norm::Totals;
use crate::kernels::isa::simd::Simd;

/// Of one channel in one block of images: sums over all pixels of each lane's distances from a
/// number, and of their squares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// The number: the first lane of the first pixel.
    pub(crate) from: f32,
    pub(crate) totals: Totals,
}

impl Told {
    pub(crate) const NOTHING: Self = Self { from: 0.0, totals: [[0.0; 16]; 2] };
}

/// The sums of some pixels of one channel, in registers.
pub(super) struct Telling<S: Simd> {
    from: S::V,
    sums: [S::V; 2],
}

impl<S: Simd> Telling<S> {
    /// `first`: a pixel, if no pixel of this channel and block was told before.
    ///
    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    pub(super) unsafe fn new(told: &mut Told, first: Option<S::V>) -> Self {
        // SAFETY: the caller has `S`.
        unsafe {
            if let Some(first) = first {
                *told = Told { from: S::first(first), ..Told::NOTHING };
            }
            Self { from: S::splat(told.from), sums: [S::splat(0.0); 2] }
        }
    }

    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    pub(super) unsafe fn pixel(&mut self, pixel: S::V) {
        // SAFETY: the caller has `S`.
        unsafe {
            let distance = S::sub(pixel, self.from);
            self.sums[0] = S::add(self.sums[0], distance);
            self.sums[1] = S::fma(distance, distance, self.sums[1]);
        }
    }

    /// # Safety
    /// The processor has `S`.
    #[inline(always)]
    pub(super) unsafe fn tell(self, told: &mut Told) {
        for (total, sum) in told.totals.iter_mut().zip(self.sums) {
            // SAFETY: the caller has `S`, and there are sixteen.
            unsafe { S::add_wide(total.as_mut_ptr(), sum) };
        }
    }
}
