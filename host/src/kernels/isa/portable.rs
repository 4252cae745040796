//! Any processor: eight numbers in an array, which the compiler turns into what it has.

use super::simd::Simd;

#[derive(Clone, Copy)]
pub(crate) struct Portable;

const LANES: usize = 8;

// SAFETY (all methods): the caller promises the memory that is loaded or stored.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd for Portable {
    const LANES: usize = LANES;
    type V = [f32; LANES];

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self::V {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        unsafe { from.cast::<[f32; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: Self::V) {
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, value: Self::V) {
        unsafe { Self::store(to, value) }
    }

    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    // Not `mul_add`, which is a call into the C library where there is no such instruction.
    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] - b[lane])
    }

    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    unsafe fn round(a: Self::V) -> Self::V {
        a.map(f32::round_ties_even)
    }

    #[inline(always)]
    unsafe fn times_power(a: Self::V, n: Self::V) -> Self::V {
        let power = |n: f32| f32::from_bits(((n as i32 + 127) as u32) << 23);
        std::array::from_fn(|lane| a[lane] * power(n[lane]))
    }

    #[inline(always)]
    unsafe fn reciprocal(a: Self::V) -> Self::V {
        a.map(f32::recip)
    }

    #[inline(always)]
    unsafe fn positive(a: Self::V) -> u16 {
        let bit = |(lane, &number): (usize, &f32)| u16::from(number > 0.0) << lane;
        a.iter().enumerate().map(bit).sum()
    }

    #[inline(always)]
    unsafe fn keep(bits: u16, a: Self::V) -> Self::V {
        std::array::from_fn(|lane| if bits >> lane & 1 == 1 { a[lane] } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn add_wide(to: *mut f64, a: Self::V) {
        for (lane, number) in a.into_iter().enumerate() {
            unsafe { *to.add(lane) += f64::from(number) };
        }
    }

    #[inline(always)]
    unsafe fn add_sums(to: *mut f32, sums: [Self::V; 4]) {
        for (place, lanes) in sums.into_iter().enumerate() {
            unsafe { *to.add(place) += Self::sum(lanes) };
        }
    }

    #[inline(always)]
    unsafe fn first(a: Self::V) -> f32 {
        a[0]
    }

    #[inline(always)]
    unsafe fn sum(a: Self::V) -> f32 {
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }
}

super::entries!(Portable);
