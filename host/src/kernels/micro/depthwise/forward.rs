//! Forward: a row of the output from three rows of the input.

use super::{column, places};
use crate::kernels::isa::simd::Simd;
use crate::kernels::micro::put;

/// A row of the output.
pub(crate) struct Forward {
    /// The rows above, at and below the middle of the kernel.
    pub(crate) input: [*const f32; 3],
    /// What each row is multiplied with and what is added before the ReLU, by channel: zeros for a
    /// row outside of the image. Only where a norm comes before.
    pub(crate) scale: [*const f32; 3],
    pub(crate) shift: [*const f32; 3],
    /// By place of the kernel, then channel.
    pub(crate) weight: *const f32,
    pub(crate) output: *mut f32,
    pub(crate) channels: usize,
    /// Pixels of a row of the input; the output has as many as the stride leaves.
    pub(crate) width: usize,
    /// Whether the output goes past the caches; it is aligned then.
    pub(crate) stream: bool,
}

/// # Safety
/// The processor has `S`, channels fill whole registers, and every row is there; nobody else touches
/// the output.
#[inline(always)]
pub(crate) unsafe fn forward<S: Simd, const STRIDE: usize, const NORM: bool>(job: &Forward) {
    let Forward { channels, width, .. } = *job;
    // SAFETY: as promised by the caller.
    unsafe {
        for channel in (0..channels).step_by(S::LANES) {
            let weight = places::<S>(job.weight.add(channel), channels);
            let rows = job.input.map(|row| row.add(channel));
            let lines = line::<S, NORM>(job, channel);
            let at = |x| {
                let pixels = column::<S>(&rows, x, width, channels);
                if NORM && x < width { normed::<S>(pixels, &lines) } else { pixels }
            };
            let (mut left, mut here) = ([S::splat(0.0); 3], at(0));
            for x in 0..width.div_ceil(STRIDE) {
                let right = at(x * STRIDE + 1);
                let mut sums = [S::splat(0.0); 3];
                for (kx, pixels) in [left, here, right].iter().enumerate() {
                    for ky in 0..3 {
                        sums[ky] = S::fma(pixels[ky], weight[3 * ky + kx], sums[ky]);
                    }
                }
                let sum = S::add(sums[1], S::add(sums[0], sums[2]));
                put::<S>(job.stream, job.output.add(x * channels + channel), sum);
                (left, here) = match STRIDE {
                    1 => (here, right),
                    _ => (right, at(x * STRIDE + 2)),
                };
            }
        }
    }
}

/// Scale and shift of each row.
///
/// # Safety
/// As for [`forward`].
#[inline(always)]
unsafe fn line<S: Simd, const NORM: bool>(job: &Forward, channel: usize) -> [[S::V; 3]; 2] {
    // SAFETY: as promised by the caller.
    unsafe {
        let of = |rows: &[*const f32; 3]| rows.map(|row| S::load(row.add(channel)));
        match NORM {
            true => [of(&job.scale), of(&job.shift)],
            false => [[S::splat(0.0); 3]; 2],
        }
    }
}

/// What norm and ReLU make of the pixels of three rows.
///
/// # Safety
/// The processor has `S`.
#[inline(always)]
unsafe fn normed<S: Simd>(pixels: [S::V; 3], [scale, shift]: &[[S::V; 3]; 2]) -> [S::V; 3] {
    // SAFETY: the caller has `S`.
    unsafe {
        let mut all = pixels;
        for (row, pixel) in all.iter_mut().enumerate() {
            *pixel = S::max(S::splat(0.0), S::fma(*pixel, scale[row], shift[row]));
        }
        all
    }
}
