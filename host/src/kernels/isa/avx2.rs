//! AVX2 with FMA: eight numbers in a register, sixteen registers.

use std::arch::x86_64::*;

use super::simd::Simd;

#[derive(Clone, Copy)]
pub(crate) struct Avx2;

// SAFETY (all methods): the caller promises AVX2 and FMA, and the memory that is loaded or stored.
#[allow(clippy::undocumented_unsafe_blocks)]
impl Simd for Avx2 {
    const LANES: usize = 8;
    type V = __m256;

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 {
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: __m256) {
        unsafe { _mm256_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, value: __m256) {
        unsafe { _mm256_stream_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn round(a: __m256) -> __m256 {
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a) }
    }

    /// Adds to the exponent. What is not a number stays so: `n` is none either, and becomes zero.
    #[inline(always)]
    unsafe fn times_power(a: __m256, n: __m256) -> __m256 {
        unsafe {
            let exponent = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(n));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent))
        }
    }

    /// From eleven bits by a step whose error is the third power.
    #[inline(always)]
    unsafe fn reciprocal(a: __m256) -> __m256 {
        unsafe {
            let near = _mm256_rcp_ps(a);
            let rest = _mm256_fnmadd_ps(a, near, _mm256_set1_ps(1.0));
            _mm256_fmadd_ps(near, _mm256_fmadd_ps(rest, rest, rest), near)
        }
    }

    #[inline(always)]
    unsafe fn positive(a: __m256) -> u16 {
        unsafe {
            let above = _mm256_cmp_ps::<_CMP_GT_OQ>(a, _mm256_setzero_ps());
            _mm256_movemask_ps(above) as u16
        }
    }

    #[inline(always)]
    unsafe fn keep(bits: u16, a: __m256) -> __m256 {
        unsafe {
            let lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let own = _mm256_and_si256(_mm256_set1_epi32(i32::from(bits)), lanes);
            _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(own, lanes)), a)
        }
    }

    #[inline(always)]
    unsafe fn add_wide(to: *mut f64, a: __m256) {
        unsafe {
            let low = _mm256_cvtps_pd(_mm256_castps256_ps128(a));
            let high = _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(a));
            _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), low));
            _mm256_storeu_pd(to.add(4), _mm256_add_pd(_mm256_loadu_pd(to.add(4)), high));
        }
    }

    #[inline(always)]
    unsafe fn add_sums(to: *mut f32, [a, b, c, d]: [__m256; 4]) {
        unsafe {
            let halves = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let four =
                _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves));
            _mm_storeu_ps(to, _mm_add_ps(_mm_loadu_ps(to), four));
        }
    }

    #[inline(always)]
    unsafe fn first(a: __m256) -> f32 {
        unsafe { _mm256_cvtss_f32(a) }
    }

    #[inline(always)]
    unsafe fn sum(a: __m256) -> f32 {
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
}

super::entries!(Avx2, "avx2,fma");
