//! Elementary functions without a branch, so that the compiler computes many numbers at once. Errors
//! are a few units in the last place; what is not a number stays so.

use crate::kernels::micro::activation::EXP_2;

/// e^x below which f32 has no normal numbers, about.
const LOWEST: f32 = -87.33;

/// ln 2 in two parts, of which the first has few digits.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Of (e^x - 1) / x between ± ln 2 / 2, so that x times it plus 1 has the least largest relative error.
const EXP_FACTORS: [f32; 6] =
    [1.383_683_5e-3, 8.374_824e-3, 4.166_822_5e-2, 0.166_664_2, 0.499_999_9, 1.0];

/// Adding it rounds to whole numbers, which then are the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// The sum of a polynomial, highest power first.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, factors: [f32; N]) -> f32 {
    let mut sum = 0.0;
    for (place, factor) in factors.into_iter().enumerate() {
        sum = if place == 0 { factor } else { x.mul_add(sum, factor) };
    }
    sum
}

/// x as a multiple of ln 2, whose number is the lowest bits of the first, and the rest.
#[inline(always)]
fn reduced(x: f32) -> (u32, f32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    (shifted.to_bits(), whole.mul_add(-LN_2_LOW, whole.mul_add(-LN_2_HIGH, x)))
}

/// `low` or `high` where x is beyond; what is not a number stays so.
#[inline(always)]
pub fn within(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// e^x: powers of two times a polynomial between ± ln 2 / 2, of the sixth degree with the least largest
/// relative error (2e-8 as rounded here). Results that would be subnormal are 0.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const HIGHEST: f32 = 88.73;
    let x = if x > HIGHEST { HIGHEST } else { x };
    let is_least = x < LOWEST;
    let x = if is_least { LOWEST } else { x };
    let (twos, rest) = reduced(x);
    let sum = rest.mul_add(polynomial(rest, EXP_FACTORS), 1.0);
    // In two steps, since the exponent of the largest results does not fit one.
    let half = (twos << 22) & 0xff80_0000;
    let low = f32::from_bits(half.wrapping_add(127 << 23));
    let high = f32::from_bits((twos << 23).wrapping_sub(half).wrapping_add(127 << 23));
    if is_least { 0.0 } else { sum * low * high }
}

/// e^x for x from [`LOWEST`] to 87, to a last place of x: powers of two of x / ln 2 as rounded.
#[inline(always)]
fn exp_within(x: f32) -> f32 {
    let twos = x * std::f32::consts::LOG2_E;
    let shifted = twos + ROUND;
    let rest = twos - (shifted - ROUND);
    polynomial(rest, EXP_2) * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// 1 / x for x from 1 to 2¹²⁶, which takes the processor several times as long: from the number with
/// the negated exponent (off by 5 % at most), a step with an error of its third power and Newton's.
#[inline(always)]
fn reciprocal(x: f32) -> f32 {
    let first = f32::from_bits(0x7ef3_1000_u32.wrapping_sub(x.to_bits()));
    let rest = (-x).mul_add(first, 1.0);
    let second = first.mul_add(rest.mul_add(rest, rest), first);
    second.mul_add((-x).mul_add(second, 1.0), second)
}

/// ln(1 + t) for t from 0 to 1: 2 · artanh(t / (2 + t)).
#[inline(always)]
pub fn ln_1p_unit(t: f32) -> f32 {
    let z = t * reciprocal(2.0 + t);
    let square = z * z;
    let factors = [1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0, 1.0];
    2.0 * z * polynomial(square, factors)
}

/// 1 / (1 + e^-x), and e^-x, for which x is no further from zero than 87; 0 below.
#[inline(always)]
fn sigmoid_and_exp(x: f32) -> (f32, f32) {
    let within = if x > 87.0 { 87.0 } else { x };
    let is_least = x < -87.0;
    let exp = exp_within(if is_least { 87.0 } else { -within });
    let found = reciprocal(1.0 + exp);
    (if is_least { 0.0 } else { found }, exp)
}

/// 1 / (1 + e^-x)
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    sigmoid_and_exp(x).0
}

/// x / (1 + e^-βx), and the slope.
#[inline(always)]
pub fn swish(x: f32, beta: f32) -> (f32, f32) {
    let scaled = beta * x;
    let (share, exp) = sigmoid_and_exp(scaled);
    let within = if scaled < -87.0 { -87.0 } else { scaled };
    // What is left of one is e^-βx times as much.
    (x * share, share * within.mul_add(exp * share, 1.0))
}

/// By e^2x, and close to zero by a polynomial with the coefficients of S. Moshier's Cephes (tanhf).
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let twice = if size > 20.0 { 40.0 } else { 2.0 * size };
    let large = (-2.0_f32).mul_add(reciprocal(exp_within(twice) + 1.0), 1.0);
    let square = x * x;
    let factors = [-5.704_988_7e-3, 2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1];
    let small = (size * square).mul_add(polynomial(square, factors), size);
    (if size < 0.625 { small } else { large }).copysign(x)
}

/// ln(1 + e^βx) / β, and x where βx is above the threshold; and the slope.
#[inline(always)]
pub fn softplus(x: f32, beta: f32, threshold: f32) -> (f32, f32) {
    let scaled = beta * x;
    let is_positive = scaled > 0.0;
    let size = scaled.abs();
    let is_least = size > -LOWEST;
    let small = exp_within(if is_least { LOWEST } else { -size });
    let small = if is_least { 0.0 } else { small };
    let soft = ((if is_positive { scaled } else { 0.0 }) + ln_1p_unit(small)) / beta;
    let rest = reciprocal(1.0 + small);
    let slope = if is_positive { rest } else { small * rest };
    if scaled > threshold { (x, 1.0) } else { (soft, slope) }
}

/// From here on tanh(ln(1 + e^x)) is 1 in f32.
const ONE: f32 = 20.0;

/// tanh(ln(1 + e^x)), and the slope: with n = e^x they are (n² + 2n) / (n² + 2n + 2) and
/// 4n(n + 1) / (n² + 2n + 2)².
#[inline(always)]
pub fn tanh_softplus(x: f32) -> (f32, f32) {
    let is_least = x < LOWEST;
    let within = if x > ONE { ONE } else { x };
    let n = exp_within(if is_least { LOWEST } else { within });
    let n = if is_least { 0.0 } else { n };
    let w = n * (n + 2.0);
    let share = reciprocal(w + 2.0);
    let slope = 4.0 * (n * share) * n.mul_add(share, share);
    if x > ONE { (1.0, 0.0) } else { (w * share, slope) }
}

/// x · tanh(ln(1 + e^x)), and the slope.
#[inline(always)]
pub fn mish(x: f32) -> (f32, f32) {
    let (share, slope) = tanh_softplus(x);
    let within = if x < LOWEST { LOWEST } else { x };
    (x * share, within.mul_add(slope, share))
}

/// x where it is positive, else α · (e^x - 1); and the slope, which at 0 is α as in PyTorch.
#[inline(always)]
pub fn elu(x: f32, alpha: f32) -> (f32, f32) {
    let (least, power) = exp_m1(if x > 0.0 { 0.0 } else { x });
    if x > 0.0 { (x, 1.0) } else { (alpha * least, alpha * power) }
}

/// e^x - 1 for x up to 0, without the loss of what is small, and e^x: a polynomial without its 1 for
/// the rest between ± ln 2 / 2, as in [`exp`].
#[inline(always)]
fn exp_m1(x: f32) -> (f32, f32) {
    let x = if x < LOWEST { LOWEST } else { x };
    let (twos, rest) = reduced(x);
    let grown = rest * polynomial(rest, EXP_FACTORS);
    let power = f32::from_bits((twos << 23).wrapping_add(127 << 23));
    (power.mul_add(grown, power - 1.0), power.mul_add(grown, power))
}

/// x · Φ(x), Φ the normal distribution function, and the slope. What Φ is short of one, or of zero, is
/// e^(-x²/2) times a polynomial of 2 / (1 + 0.23 |x|) - 1, of the eighth degree with the least largest
/// relative error (5e-8, and 4e-7 as rounded here) up to |x| = 13.3.
#[inline(always)]
pub fn gelu(x: f32) -> (f32, f32) {
    const FURTHEST: f32 = 13.3;
    let size = x.abs();
    let size = if size > FURTHEST { FURTHEST } else { size };
    let square = size * size;
    // The square's own rounding, which the power would make larger.
    let lost = size.mul_add(size, -square);
    let power = exp(-0.5 * square);
    let power = power.mul_add(-0.5 * lost, power);
    let factors = [
        -3.062_890_6e-4,
        -1.837_343e-4,
        2.954_142e-3,
        1.382_805_9e-2,
        3.781_567_5e-2,
        7.625_014e-2,
        0.122_001_365,
        0.160_119_04,
        8.752_157_5e-2,
    ];
    let place = 2.0_f32.mul_add(reciprocal(size.mul_add(0.23, 1.0)), -1.0);
    let tail = power * polynomial(place, factors);
    let share = if x > 0.0 { 1.0 - tail } else { tail };
    const HEIGHT: f32 = 0.398_942_3;
    (x * share, (size.copysign(x) * power).mul_add(HEIGHT, share))
}

/// x / 2 · (1 + tanh(u)) with u = √(2/π) · (x + 0.044715 · x³), which is x · sigmoid(2u); and the slope.
#[inline(always)]
pub fn gelu_tanh(x: f32) -> (f32, f32) {
    const TWICE: f32 = 1.595_769_2;
    const CUBE: f32 = 0.044_715 * TWICE;
    // Beyond, the slope is that of a straight line.
    const FURTHEST: f32 = 10.0;
    let near = within(x, -FURTHEST, FURTHEST);
    let square = near * near;
    let (share, exp) = sigmoid_and_exp(near * square.mul_add(CUBE, TWICE));
    let steep = near * square.mul_add(3.0 * CUBE, TWICE);
    (x * share, share * steep.mul_add(exp * share, 1.0))
}
