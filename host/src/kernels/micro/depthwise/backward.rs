//! Backward: a row of the input, with the rows of the output's gradient that it was read for.

use super::{PLACES, column, places};
use crate::kernels::isa::simd::Simd;
use crate::kernels::micro::put;

/// A row of the input.
pub(crate) struct Backward {
    pub(crate) input: *const f32,
    /// Row `ky` of the kernel met this row of the input in these. With a stride of 2 either the middle
    /// one counts, or the other two.
    pub(crate) gradient: [*const f32; 3],
    /// By place of the kernel, then channel.
    pub(crate) weight: *const f32,
    /// What is written: behind the ReLU's gate where a norm comes before.
    pub(crate) to_input: *mut f32,
    /// What is added to, by place of the kernel, then channel.
    pub(crate) to_weight: *mut f32,
    /// By channel, where a norm comes before.
    pub(crate) norm: Norm,
    pub(crate) channels: usize,
    /// Pixels of a row of the input.
    pub(crate) width: usize,
    /// Whether what is written goes past the caches; it is aligned then.
    pub(crate) stream: bool,
}

/// What is known of a norm by channel: a ReLU follows `x · scale + shift`.
#[derive(Clone, Copy)]
pub(crate) struct Norm {
    pub(crate) scale: *const f32,
    pub(crate) shift: *const f32,
    pub(crate) mean: *const f32,
    /// What `Σ gradient` and `Σ gradient · (x − mean)` are added to.
    pub(crate) sums: [*mut f64; 2],
}

/// What a register's channels need and gather along a row.
struct Along<V> {
    weight: [V; PLACES],
    to_weight: [V; PLACES],
    /// Scale, shift, mean.
    norm: [V; 3],
    sums: [V; 2],
}

/// # Safety
/// The processor has `S`, channels fill whole registers, and everything that is read or written is
/// there; nobody else touches what is written.
#[inline(always)]
unsafe fn begin<S: Simd, const NORM: bool>(job: &Backward, channel: usize) -> Along<S::V> {
    // SAFETY: as promised by the caller.
    unsafe {
        let zero = S::splat(0.0);
        let Norm { scale, shift, mean, .. } = job.norm;
        Along {
            weight: places::<S>(job.weight.add(channel), job.channels),
            to_weight: places::<S>(job.to_weight.add(channel), job.channels),
            norm: match NORM {
                true => [scale, shift, mean].map(|all| S::load(all.add(channel))),
                false => [zero; 3],
            },
            sums: [zero; 2],
        }
    }
}

/// A pixel of the input, and the kernel's places that met it, each with its output's gradient.
///
/// # Safety
/// As for [`begin`].
#[inline(always)]
unsafe fn pixel<S: Simd, const NORM: bool, const MET: usize>(
    job: &Backward,
    at: usize,
    met: [(usize, S::V); MET],
    along: &mut Along<S::V>,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let [scale, shift, mean] = along.norm;
        let x = S::load(job.input.add(at));
        let z = if NORM { S::fma(x, scale, shift) } else { x };
        let pixel = if NORM { S::max(S::splat(0.0), z) } else { x };
        // Three sums hide how long one takes.
        let mut sums = [S::splat(0.0); 3];
        for (turn, &(place, given)) in met.iter().enumerate() {
            sums[turn % 3] = S::fma(given, along.weight[place], sums[turn % 3]);
            along.to_weight[place] = S::fma(given, pixel, along.to_weight[place]);
        }
        let mut gradient = S::add(sums[1], S::add(sums[0], sums[2]));
        if NORM {
            gradient = S::keep(S::positive(z), gradient);
            along.sums[0] = S::add(along.sums[0], gradient);
            along.sums[1] = S::fma(gradient, S::sub(x, mean), along.sums[1]);
        }
        put::<S>(job.stream, job.to_input.add(at), gradient);
    }
}

/// # Safety
/// As for [`begin`].
#[inline(always)]
unsafe fn end<S: Simd, const NORM: bool>(job: &Backward, channel: usize, along: &Along<S::V>) {
    // SAFETY: as promised by the caller.
    unsafe {
        for (place, sum) in along.to_weight.iter().enumerate() {
            S::store(job.to_weight.add(place * job.channels + channel), *sum);
        }
        if NORM {
            for (to, sum) in job.norm.sums.iter().zip(along.sums) {
                S::add_wide(to.add(channel), sum);
            }
        }
    }
}

/// With a stride of 1.
///
/// # Safety
/// As for [`begin`].
#[inline(always)]
pub(crate) unsafe fn backward<S: Simd, const NORM: bool>(job: &Backward) {
    let Backward { channels, width, .. } = *job;
    // SAFETY: as promised by the caller.
    unsafe {
        for channel in (0..channels).step_by(S::LANES) {
            let mut along = begin::<S, NORM>(job, channel);
            let rows = job.gradient.map(|row| row.add(channel));
            let (mut left, mut here) = ([S::splat(0.0); 3], column::<S>(&rows, 0, width, channels));
            for x in 0..width {
                let right = column::<S>(&rows, x + 1, width, channels);
                // The kernel's right column met this pixel from the left, and so on.
                let mut met = [(0, right[0]); PLACES];
                for (kx, given) in [right, here, left].iter().enumerate() {
                    for ky in 0..3 {
                        met[3 * kx + ky] = (3 * ky + kx, given[ky]);
                    }
                }
                pixel::<S, NORM, PLACES>(job, x * channels + channel, met, &mut along);
                (left, here) = (here, right);
            }
            end::<S, NORM>(job, channel, &along);
        }
    }
}

/// With a stride of 2: a row that the kernel's middle row met (`FIRST` is 1), or its other two (0).
///
/// # Safety
/// As for [`begin`].
#[inline(always)]
pub(crate) unsafe fn strided<S: Simd, const FIRST: usize, const NORM: bool>(job: &Backward) {
    let Backward { channels, width, .. } = *job;
    let given_width = width.div_ceil(2);
    // SAFETY: as promised by the caller.
    unsafe {
        for channel in (0..channels).step_by(S::LANES) {
            let mut along = begin::<S, NORM>(job, channel);
            let rows = job.gradient.map(|row| row.add(channel));
            let mut here = column::<S>(&rows, 0, given_width, channels);
            for x in 0..given_width {
                let right = column::<S>(&rows, x + 1, given_width, channels);
                // The middle column met the even pixels, the others met the odd ones.
                let at = 2 * x * channels + channel;
                let middle = |ky: usize| (3 * ky + 1, here[ky]);
                match FIRST {
                    1 => pixel::<S, NORM, 1>(job, at, [middle(1)], &mut along),
                    _ => pixel::<S, NORM, 2>(job, at, [middle(0), middle(2)], &mut along),
                }
                if 2 * x + 1 < width {
                    let (at, last) = (at + channels, |ky: usize| (3 * ky, right[ky]));
                    let first = |ky: usize| (3 * ky + 2, here[ky]);
                    match FIRST {
                        1 => pixel::<S, NORM, 2>(job, at, [first(1), last(1)], &mut along),
                        _ => {
                            let met = [first(0), last(0), first(2), last(2)];
                            pixel::<S, NORM, 4>(job, at, met, &mut along);
                        }
                    }
                }
                here = right;
            }
            end::<S, NORM>(job, channel, &along);
        }
    }
}
