//! The micro-kernel of the forward pass and of the gradient to the input: a tile of output pixels
//! gathers the kept weights of its output channel.

use super::told::{Telling, Told};
use crate::kernels::isa::simd::Simd;

/// A kept weight: where its input lies, relative to the tile's first pixel, in numbers; its value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Entry {
    pub(crate) offset: i32,
    pub(crate) value: f32,
}

/// What the sums of a tile start from.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Zero,
    /// One number per output channel, at this pointer.
    Bias(*const f32),
    /// What the output holds already.
    Output,
}

/// Tiles side by side in all output channels of a range. Distances are in numbers.
pub(crate) struct Gather<'a> {
    /// The input under the first tile's first pixel, of the channel that entries count from.
    pub(crate) input: *const f32,
    /// The first tile's first pixel in the range's first channel.
    pub(crate) output: *mut f32,
    pub(crate) input_row: usize,
    pub(crate) output_row: usize,
    pub(crate) output_pixel: usize,
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
    pub(crate) start: Start,
    /// Whether the output goes past the caches; it is aligned then.
    pub(crate) stream: bool,
    /// Who is told about the output, one for each channel of the range (and, for tiles of whole
    /// images, block of images). Null: nobody.
    pub(crate) told: *mut Told,
    /// From one block of images to the next.
    pub(crate) told_image: usize,
    /// Whether nothing was told about these channels and blocks before.
    pub(crate) first: bool,
}

/// Tiles of `ROWS` rows by `COLS` pixels, whose inputs are `STEP` pixels apart.
///
/// # Safety
///
/// The processor has `S`; every entry of every tile points at `ROWS` rows of pixels inside the
/// input, every tile lies inside the output, and nobody else touches that part of the output, or
/// who is told about it.
#[inline(always)]
pub(crate) unsafe fn gather<S: Simd, const ROWS: usize, const COLS: usize, const STEP: usize>(
    job: &Gather<'_>,
) {
    for (channel, bounds) in job.bounds.windows(2).enumerate() {
        // SAFETY: bounds are ascending and end within the entries (checked when they were made).
        let entries = unsafe { job.entries.get_unchecked(bounds[0] as usize..bounds[1] as usize) };
        if entries.is_empty() && matches!(job.start, Start::Output) && job.told.is_null() {
            continue;
        }
        let mut telling = None;
        for tile in 0..job.tiles {
            // SAFETY: as promised by the caller.
            unsafe {
                let input = job.input.wrapping_add(tile * job.input_tile);
                let output = job.output.add(channel * job.output_channel + tile * job.output_tile);
                let at = |row: usize, col: usize| {
                    output.add(row * job.output_row + col * job.output_pixel)
                };
                let mut sums = match job.start {
                    Start::Zero => [[S::splat(0.0); COLS]; ROWS],
                    Start::Bias(bias) => [[S::splat(*bias.add(channel)); COLS]; ROWS],
                    Start::Output => {
                        let mut sums = [[S::splat(0.0); COLS]; ROWS];
                        for row in 0..ROWS {
                            for col in 0..COLS {
                                sums[row][col] = S::load(at(row, col));
                            }
                        }
                        sums
                    }
                };
                for entry in entries {
                    let weight = S::splat(entry.value);
                    let from = input.wrapping_offset(entry.offset as isize);
                    for row in 0..ROWS {
                        for col in 0..COLS {
                            let pixel = from.add(row * job.input_row + col * STEP * S::LANES);
                            sums[row][col] = S::fma(S::load(pixel), weight, sums[row][col]);
                        }
                    }
                }
                if !job.told.is_null() {
                    let told = &mut *job.told.add(channel);
                    let telling = telling.get_or_insert_with(|| {
                        Telling::<S>::new(told, job.first.then_some(sums[0][0]))
                    });
                    for row in 0..ROWS {
                        for col in 0..COLS {
                            telling.pixel(sums[row][col]);
                        }
                    }
                }
                for row in 0..ROWS {
                    for col in 0..COLS {
                        if job.stream {
                            S::stream(at(row, col), sums[row][col]);
                        } else {
                            S::store(at(row, col), sums[row][col]);
                        }
                    }
                }
            }
        }
        if let Some(telling) = telling {
            // SAFETY: as promised by the caller.
            unsafe { telling.tell(&mut *job.told.add(channel)) };
        }
    }
}
