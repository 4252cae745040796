//! Elementary functions without a branch, so that the compiler computes many numbers at once. Errors
//! are a few units in the last place; what is not a number stays so.

/// e^x: powers of two times a polynomial (Taylor's, which is enough below ln 2 / 2). Results that
/// would be subnormal are 0.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const HIGHEST: f32 = 88.73;
    const LOWEST: f32 = -87.33;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding it rounds to whole numbers, which then are the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > HIGHEST { HIGHEST } else { x };
    let is_least = x < LOWEST;
    let x = if is_least { LOWEST } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let rest = whole.mul_add(-LN_2_LOW, whole.mul_add(-LN_2_HIGH, x));
    let mut sum = 1.0 / 5040.0;
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = rest.mul_add(sum, factor);
    }
    // In two steps, since the exponent of the largest results does not fit one.
    let half = (shifted.to_bits() << 22) & 0xff80_0000;
    let low = f32::from_bits(half.wrapping_add(127 << 23));
    let high = f32::from_bits((shifted.to_bits() << 23).wrapping_sub(half).wrapping_add(127 << 23));
    if is_least { 0.0 } else { sum * low * high }
}

/// ln(1 + t) for t from 0 to 1: 2 · artanh(t / (2 + t)).
#[inline(always)]
pub fn ln_1p_unit(t: f32) -> f32 {
    let z = t / (2.0 + t);
    let square = z * z;
    let mut sum = 1.0 / 15.0;
    for factor in [1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0, 1.0] {
        sum = square.mul_add(sum, factor);
    }
    2.0 * z * sum
}

/// 1 / (1 + e^-x)
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// By e^2x, and close to zero by a polynomial with the coefficients of S. Moshier's Cephes (tanhf).
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let large = 1.0 - 2.0 / (exp(2.0 * size) + 1.0);
    let square = x * x;
    let mut sum = -5.704_988_7e-3;
    for factor in [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1] {
        sum = square.mul_add(sum, factor);
    }
    let small = (size * square).mul_add(sum, size);
    (if size < 0.625 { small } else { large }).copysign(x)
}

/// ln(1 + e^βx) / β, and x where βx is above the threshold.
#[inline(always)]
pub fn softplus(x: f32, beta: f32, threshold: f32) -> f32 {
    let scaled = beta * x;
    let positive = if scaled > 0.0 { scaled } else { 0.0 };
    let soft = (positive + ln_1p_unit(exp(-scaled.abs()))) / beta;
    if scaled > threshold { x } else { soft }
}

/// The slope of [`softplus`].
#[inline(always)]
pub fn softplus_slope(x: f32, beta: f32, threshold: f32) -> f32 {
    let scaled = beta * x;
    if scaled > threshold { 1.0 } else { sigmoid(scaled) }
}

/// From here on tanh(ln(1 + e^x)) is 1 in f32.
const LARGE: f32 = 20.0;

/// e^x, no larger than is good to be squared.
#[inline(always)]
fn exp_to_square(x: f32) -> f32 {
    exp(if x > LARGE { LARGE } else { x })
}

/// tanh(ln(1 + e^x)): with n = e^x it is (n² + 2n) / (n² + 2n + 2).
#[inline(always)]
pub fn tanh_softplus(x: f32) -> f32 {
    let n = exp_to_square(x);
    let w = n * (n + 2.0);
    w / (w + 2.0)
}

/// The slope of [`tanh_softplus`]: 4n(n + 1) / (n² + 2n + 2)².
#[inline(always)]
pub fn tanh_softplus_slope(x: f32) -> f32 {
    let n = exp_to_square(x);
    let below = n.mul_add(n + 2.0, 2.0);
    if x > LARGE { 0.0 } else { 4.0 * n * (n + 1.0) / (below * below) }
}
