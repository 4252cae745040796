//! What a micro-kernel needs of a vector unit.

/// One vector unit: its register type and the few operations that kernels are written in.
///
/// Every method is inlined into a function that has the unit's instructions switched on (see the
/// `entry` functions of each unit); called anywhere else it would be slow.
///
/// # Safety
///
/// Each method may use the unit's instructions, so the processor must have them. `load` and
/// `store` touch `LANES` numbers at the pointer, which need no alignment.
pub(crate) trait Simd: Copy {
    /// Numbers in a register.
    const LANES: usize;
    type V: Copy;

    unsafe fn splat(value: f32) -> Self::V;
    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, value: Self::V);
    /// Stores past the caches. The address is a multiple of the register's size.
    unsafe fn stream(to: *mut f32, value: Self::V);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once where the unit can.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// The larger; `b` where one is not a number.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where one is not a number.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The nearest whole number.
    unsafe fn round(a: Self::V) -> Self::V;
    /// `a · 2ⁿ` for whole `n` from -126 to 126, where that is a normal number.
    unsafe fn times_power(a: Self::V, n: Self::V) -> Self::V;
    /// `1 / a` to a last place or two, for `a` from 1 to 2¹²⁶.
    unsafe fn reciprocal(a: Self::V) -> Self::V;
    /// A bit for each number above zero, the first lane's lowest.
    unsafe fn positive(a: Self::V) -> u16;
    /// The numbers whose bit is set, zero in the other lanes.
    unsafe fn keep(bits: u16, a: Self::V) -> Self::V;
    /// Adds each number to a wider one at `to`, of which there are `LANES`.
    unsafe fn add_wide(to: *mut f64, a: Self::V);
    /// Adds the sum of each of four registers to the four numbers at `to`.
    unsafe fn add_sums(to: *mut f32, sums: [Self::V; 4]);
    /// The first lane.
    unsafe fn first(a: Self::V) -> f32;
    /// The sum of a register.
    unsafe fn sum(a: Self::V) -> f32;
}
