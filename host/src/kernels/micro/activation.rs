//! The micro-kernels of activations whose value takes an exponential function.
//!
//! Each operation is a long chain of dependent ones, so that a processor that looks at a hundred
//! instructions at a time would mostly wait. Four registers are therefore done abreast.

use std::f32::consts::LN_2;

use crate::kernels::isa::simd::Simd;

/// What is computed of each number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Activation {
    /// x / (1 + e^-βx)
    Swish { beta: f32 },
    /// x · tanh(ln(1 + e^x))
    Mish,
}

/// One operation on each of `G` registers: no closure, which would not have the unit's instructions.
macro_rules! each {
    (|$g:ident| $operation:expr) => {{
        let mut made = [S::splat(0.0); G];
        for $g in 0..G {
            made[$g] = $operation;
        }
        made
    }};
}

/// Registers abreast.
const ABREAST: usize = 4;

/// How the function is computed of some registers: its values, or its slopes.
trait Function<S: Simd>: Copy {
    /// # Safety
    /// The processor has `S`.
    unsafe fn of<const SLOPES: bool, const G: usize>(self, x: [S::V; G]) -> [S::V; G];
}

/// Numbers in place of which the function's values are put.
///
/// # Safety
/// The processor has `S`.
#[inline(always)]
pub(crate) unsafe fn values<S: Simd>(activation: Activation, numbers: &mut [f32]) {
    let (to, count) = (numbers.as_mut_ptr(), numbers.len());
    let from = to.cast_const();
    // SAFETY: as promised by the caller; numbers are read before they are written.
    unsafe { either::<S, false>(activation, from, from, to, count) }
}

/// The gradient to each number of `x`. All slices are of one length.
///
/// # Safety
/// The processor has `S`.
#[inline(always)]
pub(crate) unsafe fn slopes<S: Simd>(
    activation: Activation,
    x: &[f32],
    to_y: &[f32],
    to_x: &mut [f32],
) {
    let count = x.len().min(to_y.len()).min(to_x.len());
    // SAFETY: as promised by the caller; so many are there.
    unsafe {
        either::<S, true>(activation, x.as_ptr(), to_y.as_ptr(), to_x.as_mut_ptr(), count);
    }
}

/// As [`all`], of that activation.
///
/// # Safety
/// As for [`all`].
#[inline(always)]
unsafe fn either<S: Simd, const SLOPES: bool>(
    activation: Activation,
    x: *const f32,
    times: *const f32,
    to: *mut f32,
    count: usize,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        match activation {
            Activation::Swish { beta } => {
                all::<S, SLOPES>(Swish { beta: S::splat(beta) }, x, times, to, count);
            }
            Activation::Mish => all::<S, SLOPES>(Mish, x, times, to, count),
        }
    }
}

/// The function's values of all numbers, or its slopes times others.
///
/// # Safety
/// The processor has `S`, and so many numbers are there.
#[inline(always)]
unsafe fn all<S: Simd, const SLOPES: bool>(
    function: impl Function<S>,
    x: *const f32,
    times: *const f32,
    to: *mut f32,
    count: usize,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let (lanes, mut at) = (S::LANES, 0);
        while at + ABREAST * lanes <= count {
            some::<S, SLOPES, ABREAST>(function, x.add(at), times.add(at), to.add(at));
            at += ABREAST * lanes;
        }
        while at + lanes <= count {
            some::<S, SLOPES, 1>(function, x.add(at), times.add(at), to.add(at));
            at += lanes;
        }
        let left = count - at;
        if left > 0 {
            let [mut last_x, mut last_times, mut last_to] = [[0.0_f32; 16]; 3];
            std::ptr::copy_nonoverlapping(x.add(at), last_x.as_mut_ptr(), left);
            std::ptr::copy_nonoverlapping(times.add(at), last_times.as_mut_ptr(), left);
            let (x, times, made) = (last_x.as_ptr(), last_times.as_ptr(), last_to.as_mut_ptr());
            some::<S, SLOPES, 1>(function, x, times, made);
            std::ptr::copy_nonoverlapping(last_to.as_ptr(), to.add(at), left);
        }
    }
}

/// The function of `G` registers.
///
/// # Safety
/// As for [`all`].
#[inline(always)]
unsafe fn some<S: Simd, const SLOPES: bool, const G: usize>(
    function: impl Function<S>,
    x: *const f32,
    times: *const f32,
    to: *mut f32,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let found = function.of::<SLOPES, G>(each!(|g| S::load(x.add(g * S::LANES))));
        for (g, &found) in found.iter().enumerate() {
            let at = g * S::LANES;
            let found = if SLOPES { S::mul(found, S::load(times.add(at))) } else { found };
            S::store(to.add(at), found);
        }
    }
}

/// 2^x between ± 1/2, highest power first: of the sixth degree, with the least largest relative error
/// (2e-8 as rounded here).
pub(crate) const EXP_2: [f32; 7] =
    [1.535_336e-4, 1.339_887_7e-3, 9.618_437e-3, 5.550_332_4e-2, 0.240_226_48, LN_2, 1.0];

/// e^x for x from -87.3 to 87, to a last place of x.
///
/// # Safety
/// The processor has `S`.
#[inline(always)]
unsafe fn exp<S: Simd, const G: usize>(x: [S::V; G]) -> [S::V; G] {
    // SAFETY: as promised by the caller.
    unsafe {
        let twos = each!(|g| S::mul(x[g], S::splat(std::f32::consts::LOG2_E)));
        let whole = each!(|g| S::round(twos[g]));
        let rest = each!(|g| S::sub(twos[g], whole[g]));
        let mut sum = [S::splat(EXP_2[0]); G];
        for factor in EXP_2.into_iter().skip(1) {
            sum = each!(|g| S::fma(rest[g], sum[g], S::splat(factor)));
        }
        each!(|g| S::times_power(sum[g], whole[g]))
    }
}

/// No lower and no higher; what is not a number stays so.
///
/// # Safety
/// The processor has `S`.
#[inline(always)]
unsafe fn within<S: Simd, const G: usize>(low: f32, x: [S::V; G], high: f32) -> [S::V; G] {
    // SAFETY: as promised by the caller.
    unsafe {
        let x = each!(|g| S::max(S::splat(low), x[g]));
        each!(|g| S::min(S::splat(high), x[g]))
    }
}

/// Zero instead where x is below -87, however large it is; what is not a number stays so.
///
/// # Safety
/// The processor has `S`.
#[inline(always)]
unsafe fn above<S: Simd, const G: usize>(x: [S::V; G], share: [S::V; G]) -> [S::V; G] {
    // SAFETY: as promised by the caller.
    unsafe { each!(|g| S::keep(!S::positive(S::sub(S::splat(-87.0), x[g])), share[g])) }
}

#[derive(Clone, Copy)]
struct Swish<V> {
    beta: V,
}

impl<S: Simd> Function<S> for Swish<S::V> {
    #[inline(always)]
    unsafe fn of<const SLOPES: bool, const G: usize>(self, x: [S::V; G]) -> [S::V; G] {
        // SAFETY: as promised by the caller.
        unsafe {
            let scaled = each!(|g| S::mul(self.beta, x[g]));
            let inner = within::<S, G>(-87.0, scaled, 87.0);
            let zero = S::splat(0.0);
            let exp = exp::<S, G>(each!(|g| S::sub(zero, inner[g])));
            let share = each!(|g| S::reciprocal(S::add(exp[g], S::splat(1.0))));
            let share = above::<S, G>(scaled, share);
            if SLOPES {
                // What is left of one is e^-βx times as much.
                let left = each!(|g| S::mul(exp[g], share[g]));
                let slope = each!(|g| S::fma(inner[g], left[g], S::splat(1.0)));
                each!(|g| S::mul(slope[g], share[g]))
            } else {
                each!(|g| S::mul(x[g], share[g]))
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Mish;

impl<S: Simd> Function<S> for Mish {
    /// With n = e^x the hyperbolic tangent is (n² + 2n) / (n² + 2n + 2), and its slope
    /// 4n(n + 1) / (n² + 2n + 2)². From 20 on they are 1 and 0 in f32.
    #[inline(always)]
    unsafe fn of<const SLOPES: bool, const G: usize>(self, x: [S::V; G]) -> [S::V; G] {
        // SAFETY: as promised by the caller.
        unsafe {
            let inner = within::<S, G>(-87.0, x, 20.0);
            let n = exp::<S, G>(inner);
            let two = S::splat(2.0);
            let w = each!(|g| S::mul(n[g], S::add(n[g], two)));
            let part = each!(|g| S::reciprocal(S::add(w[g], two)));
            let share = above::<S, G>(x, each!(|g| S::mul(w[g], part[g])));
            if SLOPES {
                let upper = each!(|g| S::fma(n[g], part[g], part[g]));
                let lower = each!(|g| S::mul(n[g], part[g]));
                let times = each!(|g| S::mul(S::splat(4.0), inner[g]));
                let lower = each!(|g| S::mul(lower[g], times[g]));
                each!(|g| S::fma(lower[g], upper[g], share[g]))
            } else {
                each!(|g| S::mul(x[g], share[g]))
            }
        }
    }
}

/// The kernels of one vector unit.
#[derive(Clone, Copy)]
pub(crate) struct ActivationKernels {
    pub(crate) values: unsafe fn(Activation, &mut [f32]),
    pub(crate) slopes: unsafe fn(Activation, &[f32], &[f32], &mut [f32]),
}

/// These kernels with the instructions of one vector unit switched on.
macro_rules! entries {
    ($unit:ty $(, $features:literal)?) => {
        pub(super) const ACTIVATION: $crate::kernels::micro::activation::ActivationKernels = {
            use $crate::kernels::micro::activation::{self, *};

            $(#[target_feature(enable = $features)])?
            unsafe fn values(activation: Activation, numbers: &mut [f32]) {
                // SAFETY: the caller's promises are the same.
                unsafe { activation::values::<$unit>(activation, numbers) }
            }

            $(#[target_feature(enable = $features)])?
            unsafe fn slopes(activation: Activation, x: &[f32], to_y: &[f32], to_x: &mut [f32]) {
                // SAFETY: the caller's promises are the same.
                unsafe { activation::slopes::<$unit>(activation, x, to_y, to_x) }
            }

            ActivationKernels { values, slopes }
        };
    };
}

pub(crate) use entries;
