//! The micro-kernels of batch norm with what follows it: loops over the registers of a tile.
//!
//! The compiler turns such loops into vector instructions only now and then (a comparison or a sum
//! is enough for it to give up), so they are written register by register.

use crate::kernels::isa::simd::Simd;
use crate::kernels::micro::put;

/// The registers of a tile: the pixels of one channel in a block of images or in one, or a few
/// channels of some pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Numbers from one row to the next.
    pub(crate) row: usize,
}

impl Plane {
    /// The rows: how many numbers lie before each, and how many pixels.
    #[inline(always)]
    fn rows(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.height).map(move |y| (y * self.row, y * self.width))
    }
}

/// Two sums of each lane. Fewer lanes than sixteen leave the rest alone.
pub(crate) type Totals = [[f64; 16]; 2];

/// A number for each lane of a register.
pub(crate) type Lanes = [f32; 16];

/// Tiles that lie beside each other, of as many registers in a row, and are done together: memory is
/// fastest where it is read in order.
pub(crate) const BESIDE: usize = 4;

/// Pixels whose numbers are added up in f32; beyond, sums are f64.
const NARROW: usize = 64;

/// What a channel's mean and variance come from.
pub(crate) struct Moments<'a> {
    pub(crate) plane: Plane,
    pub(crate) x: *const f32,
    /// Distances are from here.
    pub(crate) from: &'a [Lanes],
}

/// `y = x · scale + shift`, plus the residual branch, and no less than zero where asked.
pub(crate) struct Normalise<'a> {
    pub(crate) plane: Plane,
    pub(crate) x: *const f32,
    /// Null: none.
    pub(crate) residual: *const f32,
    pub(crate) y: *mut f32,
    /// Where ReLU lets something through, a number per pixel. Null: nobody asks.
    pub(crate) open: *mut u16,
    pub(crate) scale: &'a [Lanes],
    pub(crate) shift: &'a [Lanes],
    pub(crate) relu: bool,
    /// Whether the output goes past the caches; it is aligned then.
    pub(crate) stream: bool,
}

/// Everything lets its gradient through.
pub(crate) const OPEN: u8 = 0;
/// What bits say.
pub(crate) const BITS: u8 = 2;
/// Where `x · scale + shift` is above zero, as the forward pass computed it.
pub(crate) const INPUT: u8 = 1;

/// What both passes of the backward pass read.
pub(crate) struct Gradient<'a> {
    pub(crate) plane: Plane,
    pub(crate) x: *const f32,
    pub(crate) to_y: *const f32,
    /// Only for [`INPUT`].
    pub(crate) scale: &'a [Lanes],
    pub(crate) shift: &'a [Lanes],
    pub(crate) mean: &'a [Lanes],
}

/// Where the first pass leaves the gradient that was let through; only for [`BITS`].
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    pub(crate) open: *const u16,
    pub(crate) gradient: *mut f32,
    /// Whether it goes past the caches; it is aligned then.
    pub(crate) stream: bool,
}

/// `to_x = scale · gradient + (slope · (x − mean) + constant)`.
pub(crate) struct ToInput<'a> {
    pub(crate) given: Gradient<'a>,
    pub(crate) slope: &'a [Lanes],
    pub(crate) constant: &'a [Lanes],
    pub(crate) to_x: *mut f32,
    /// Whether the output goes past the caches; it is aligned then.
    pub(crate) stream: bool,
}

/// The kernels of one vector unit, for one tile or [`BESIDE`] of them.
#[derive(Clone, Copy)]
pub(crate) struct NormKernels {
    /// Adds `Σ (x − from)` and `Σ (x − from)²`.
    pub(crate) moments: unsafe fn(&Moments<'_>, &mut [Totals]),
    pub(crate) normalise: unsafe fn(&Normalise<'_>),
    /// Adds `Σ gradient` and `Σ gradient · (x − mean)`; by gate.
    pub(crate) sums: [unsafe fn(&Gradient<'_>, Beside, &mut [Totals]); 3],
    /// By gate; bits are not asked again.
    pub(crate) to_input: [unsafe fn(&ToInput<'_>); 2],
}

/// # Safety
/// The processor has `S`.
#[inline(always)]
unsafe fn flush<S: Simd>(totals: &mut Totals, sums: [S::V; 2]) {
    for (total, sum) in totals.iter_mut().zip(sums) {
        // SAFETY: there are sixteen.
        unsafe { S::add_wide(total.as_mut_ptr(), sum) };
    }
}

/// The registers of `W` tiles' numbers.
///
/// # Safety
/// The processor has `S`, and there are so many.
#[inline(always)]
unsafe fn all<S: Simd, const W: usize>(lanes: &[Lanes]) -> [S::V; W] {
    // SAFETY: as promised by the caller.
    unsafe {
        let mut registers = [S::splat(0.0); W];
        for (register, lanes) in registers.iter_mut().zip(lanes) {
            *register = S::load(lanes.as_ptr());
        }
        registers
    }
}

/// Adds two values of each register to the totals of its tile.
///
/// # Safety
/// The processor has `S`, and `of` may be called with the place of every register.
#[inline(always)]
unsafe fn add_up<S: Simd, const W: usize>(
    plane: &Plane,
    totals: &mut [Totals],
    mut of: impl FnMut(usize, usize, usize, [S::V; 2]) -> [S::V; 2],
) {
    // SAFETY: the caller has `S`.
    unsafe {
        let none = [[S::splat(0.0); 2]; W];
        let (mut sums, mut pixels) = (none, 0);
        for (row, before) in plane.rows() {
            let mut x = 0;
            while x < plane.width {
                let end = plane.width.min(x + NARROW);
                pixels += end - x;
                while x < end {
                    for w in 0..W {
                        let register = x * W + w;
                        sums[w] = of(row + register * S::LANES, before * W + register, w, sums[w]);
                    }
                    x += 1;
                }
                if pixels >= NARROW {
                    for (totals, sums) in totals.iter_mut().zip(sums) {
                        flush::<S>(totals, sums);
                    }
                    (sums, pixels) = (none, 0);
                }
            }
        }
        for (totals, sums) in totals.iter_mut().zip(sums) {
            flush::<S>(totals, sums);
        }
    }
}

/// # Safety
/// The processor has `S`; every register of `W` tiles is there, and numbers for each.
#[inline(always)]
pub(crate) unsafe fn moments<S: Simd, const W: usize>(job: &Moments<'_>, totals: &mut [Totals]) {
    // SAFETY: as promised by the caller.
    unsafe {
        let from = all::<S, W>(job.from);
        add_up::<S, W>(
            &job.plane,
            totals,
            #[inline(always)]
            |at, _, w, [sum, squares]| {
                let distance = S::sub(S::load(job.x.add(at)), from[w]);
                [S::add(sum, distance), S::fma(distance, distance, squares)]
            },
        );
    }
}

/// # Safety
/// The processor has `S`; every register of `W` tiles is there in all that is given, and nobody else
/// touches the outputs.
#[inline(always)]
pub(crate) unsafe fn normalise<S: Simd, const W: usize>(job: &Normalise<'_>) {
    // SAFETY: as promised by the caller.
    unsafe {
        let (scale, shift) = (all::<S, W>(job.scale), all::<S, W>(job.shift));
        let floor = S::splat(if job.relu { 0.0 } else { f32::NEG_INFINITY });
        for (row, before) in job.plane.rows() {
            for x in 0..job.plane.width {
                for w in 0..W {
                    let register = x * W + w;
                    let at = row + register * S::LANES;
                    let mut z = S::fma(S::load(job.x.add(at)), scale[w], shift[w]);
                    if !job.residual.is_null() {
                        z = S::add(z, S::load(job.residual.add(at)));
                    }
                    if !job.open.is_null() {
                        *job.open.add(before * W + register) = S::positive(z);
                    }
                    put::<S>(job.stream, job.y.add(at), S::max(floor, z));
                }
            }
        }
    }
}

/// The output's gradient, where it is let through.
///
/// # Safety
/// As for [`sums`].
#[inline(always)]
unsafe fn let_through<S: Simd, const GATE: u8>(
    job: &Gradient<'_>,
    at: usize,
    x: S::V,
    (scale, shift): (S::V, S::V),
) -> S::V {
    // SAFETY: as promised by the caller.
    unsafe {
        let gradient = S::load(job.to_y.add(at));
        match GATE {
            INPUT => S::keep(S::positive(S::fma(x, scale, shift)), gradient),
            _ => gradient,
        }
    }
}

/// # Safety
/// The processor has `S`; every register of `W` tiles is there in all that is given, and nobody else
/// touches what is left beside.
#[inline(always)]
pub(crate) unsafe fn sums<S: Simd, const W: usize, const GATE: u8>(
    job: &Gradient<'_>,
    beside: Beside,
    totals: &mut [Totals],
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let (scale, shift) = (all::<S, W>(job.scale), all::<S, W>(job.shift));
        let mean = all::<S, W>(job.mean);
        add_up::<S, W>(
            &job.plane,
            totals,
            #[inline(always)]
            |at, register, w, [sum, product]| {
                let x = S::load(job.x.add(at));
                let mut gradient = let_through::<S, GATE>(job, at, x, (scale[w], shift[w]));
                if GATE == BITS {
                    gradient = S::keep(*beside.open.add(register), gradient);
                    put::<S>(beside.stream, beside.gradient.add(at), gradient);
                }
                [S::add(sum, gradient), S::fma(gradient, S::sub(x, mean[w]), product)]
            },
        );
    }
}

/// # Safety
/// As for [`sums`]; nobody else touches the output.
#[inline(always)]
pub(crate) unsafe fn to_input<S: Simd, const W: usize, const GATE: u8>(job: &ToInput<'_>) {
    let given = &job.given;
    // SAFETY: as promised by the caller.
    unsafe {
        let (scale, shift) = (all::<S, W>(given.scale), all::<S, W>(given.shift));
        let (slope, constant) = (all::<S, W>(job.slope), all::<S, W>(job.constant));
        let mean = all::<S, W>(given.mean);
        for (row, _) in given.plane.rows() {
            for x in 0..given.plane.width {
                for w in 0..W {
                    let at = row + (x * W + w) * S::LANES;
                    let own = S::load(given.x.add(at));
                    let gradient = let_through::<S, GATE>(given, at, own, (scale[w], shift[w]));
                    let rest = S::fma(slope[w], S::sub(own, mean[w]), constant[w]);
                    put::<S>(job.stream, job.to_x.add(at), S::fma(scale[w], gradient, rest));
                }
            }
        }
    }
}

/// These kernels with the instructions of one vector unit switched on.
macro_rules! entries {
    ($unit:ty $(, $features:literal)?) => {
        pub(super) const NORM: [$crate::kernels::micro::norm::NormKernels; 2] = {
            use $crate::kernels::micro::norm::{self, *};

            $(#[target_feature(enable = $features)])?
            unsafe fn moments<const W: usize>(job: &Moments<'_>, totals: &mut [Totals]) {
                // SAFETY: the caller's promises are the same.
                unsafe { norm::moments::<$unit, W>(job, totals) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn normalise<const W: usize>(job: &Normalise<'_>) {
                // SAFETY: the caller's promises are the same.
                unsafe { norm::normalise::<$unit, W>(job) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn sums<const W: usize, const GATE: u8>(
                job: &Gradient<'_>,
                beside: Beside,
                totals: &mut [Totals],
            ) {
                // SAFETY: the caller's promises are the same.
                unsafe { norm::sums::<$unit, W, GATE>(job, beside, totals) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn to_input<const W: usize, const GATE: u8>(job: &ToInput<'_>) {
                // SAFETY: the caller's promises are the same.
                unsafe { norm::to_input::<$unit, W, GATE>(job) }
            }

            const fn of<const W: usize>() -> NormKernels {
                NormKernels {
                    moments: moments::<W>,
                    normalise: normalise::<W>,
                    sums: [sums::<W, OPEN>, sums::<W, INPUT>, sums::<W, BITS>],
                    to_input: [to_input::<W, OPEN>, to_input::<W, INPUT>],
                }
            }

            [of::<1>(), of::<BESIDE>()]
        };
    };
}

pub(crate) use entries;
