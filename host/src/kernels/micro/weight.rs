//! The micro-kernel of the gradient to the kept weights: a tile of the output's gradient stays in
//! registers and meets the input under each kept weight.

use super::gather::Entry;
use crate::kernels::isa::simd::Simd;
use std::mem::MaybeUninit;

/// Tiles side by side in all output channels of a range. Distances are in numbers.
pub(crate) struct Weight<'a> {
    /// The input under the first tile's first pixel, of the channel that entries count from.
    pub(crate) input: *const f32,
    /// The output's gradient at the first tile's first pixel, in the range's first channel.
    pub(crate) output: *const f32,
    pub(crate) input_row: usize,
    pub(crate) output_row: usize,
    /// From one block of images to the next, for tiles of whole images.
    pub(crate) input_image: usize,
    pub(crate) output_image: usize,
    pub(crate) output_channel: usize,
    /// How many tiles, and from one to the next.
    pub(crate) tiles: usize,
    pub(crate) input_tile: usize,
    pub(crate) output_tile: usize,
    /// `bounds[c]..bounds[c + 1]` are channel c's entries.
    pub(crate) bounds: &'a [u32],
    pub(crate) entries: &'a [Entry],
    /// One sum per entry, which this is added to.
    pub(crate) gradient: *mut f32,
}

/// Tiles of `ROWS` rows by `COLS` pixels, whose inputs are `STEP` pixels apart.
///
/// # Safety
///
/// As for [`gather`](super::gather::gather); nobody else touches the gradients of these entries.
#[inline(always)]
pub(crate) unsafe fn weight<S: Simd, const ROWS: usize, const COLS: usize, const STEP: usize>(
    job: &Weight<'_>,
) {
    for (channel, bounds) in job.bounds.windows(2).enumerate() {
        let (first, last) = (bounds[0] as usize, bounds[1] as usize);
        if first == last {
            continue;
        }
        // SAFETY: bounds are ascending and end within the entries (checked when they were made).
        let entries = unsafe { job.entries.get_unchecked(first..last) };
        for tile in 0..job.tiles {
            // SAFETY: as promised by the caller.
            unsafe {
                let input = job.input.wrapping_add(tile * job.input_tile);
                let output = job.output.add(channel * job.output_channel + tile * job.output_tile);
                let mut held = [[S::splat(0.0); COLS]; ROWS];
                for row in 0..ROWS {
                    for col in 0..COLS {
                        held[row][col] = S::load(output.add(row * job.output_row + col * S::LANES));
                    }
                }
                let mut to = job.gradient.add(first);
                let mut fours = entries.chunks_exact(4);
                for four in &mut fours {
                    let entries = [four[0], four[1], four[2], four[3]];
                    S::add_sums(to, products::<S, 4, ROWS, COLS, STEP>(job, input, &held, entries));
                    to = to.add(4);
                }
                let none = S::splat(0.0);
                let rest = fours.remainder();
                let sums = match *rest {
                    [a, b, c] => {
                        let [a, b, c] =
                            products::<S, 3, ROWS, COLS, STEP>(job, input, &held, [a, b, c]);
                        [a, b, c, none]
                    }
                    [a, b] => {
                        let [a, b] = products::<S, 2, ROWS, COLS, STEP>(job, input, &held, [a, b]);
                        [a, b, none, none]
                    }
                    [a] => {
                        let [a] = products::<S, 1, ROWS, COLS, STEP>(job, input, &held, [a]);
                        [a, none, none, none]
                    }
                    _ => continue,
                };
                let mut few = [0.0f32; 4];
                S::add_sums(few.as_mut_ptr(), sums);
                for (place, sum) in few.iter().enumerate().take(rest.len()) {
                    *to.add(place) += sum;
                }
            }
        }
    }
}

/// The products of a tile with the input under some kept weights, lane by lane. They are formed
/// side by side, so that none waits for the sum before it.
#[inline(always)]
unsafe fn products<
    S: Simd,
    const COUNT: usize,
    const ROWS: usize,
    const COLS: usize,
    const STEP: usize,
>(
    job: &Weight<'_>,
    input: *const f32,
    held: &[[S::V; COLS]; ROWS],
    entries: [Entry; COUNT],
) -> [S::V; COUNT] {
    // SAFETY: as promised by the caller of `weight`.
    unsafe {
        let mut sums = [S::splat(0.0); COUNT];
        for row in 0..ROWS {
            for col in 0..COLS {
                for place in 0..COUNT {
                    let from = input.wrapping_offset(entries[place].offset as isize);
                    let pixel = from.wrapping_add(row * job.input_row + col * STEP * S::LANES);
                    sums[place] = S::fma(S::load(pixel), held[row][col], sums[place]);
                }
            }
        }
        sums
    }
}

/// Products whose lanes are still to be added up, which is cheaper for four at a time.
pub(super) struct Pending<S: Simd> {
    lanes: [MaybeUninit<S::V>; PENDING],
    count: usize,
    /// Where the sum of the first belongs.
    to: *mut f32,
}

const PENDING: usize = 32;

impl<S: Simd> Pending<S> {
    #[inline(always)]
    pub(super) fn new(to: *mut f32) -> Self {
        Self { lanes: [const { MaybeUninit::uninit() }; PENDING], count: 0, to }
    }

    /// # Safety
    /// The number after those pushed so far may be added to, too.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, lanes: S::V) {
        // SAFETY: `count` is less than the length, for a full buffer is flushed at once.
        unsafe { self.lanes.get_unchecked_mut(self.count).write(lanes) };
        self.count += 1;
        if self.count == PENDING {
            // SAFETY: as promised by the caller.
            unsafe { self.flush() };
        }
    }

    /// Adds all sums to their places.
    ///
    /// # Safety
    /// As for `push`.
    #[inline(always)]
    pub(super) unsafe fn flush(&mut self) {
        // SAFETY: those below `count` were written; their places are the caller's to give.
        unsafe {
            let at = |place: usize| self.lanes.get_unchecked(place).assume_init();
            let whole = self.count / 4 * 4;
            for first in (0..whole).step_by(4) {
                let four = [at(first), at(first + 1), at(first + 2), at(first + 3)];
                S::add_sums(self.to.add(first), four);
            }
            for place in whole..self.count {
                *self.to.add(place) += S::sum(at(place));
            }
            self.to = self.to.wrapping_add(self.count);
        }
        self.count = 0;
    }
}
