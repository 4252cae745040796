//! Micro-kernels for images of 4 × 4 and 2 × 2 pixels under a 3 × 3 kernel with stride 1 and
//! padding 1: a tile is the whole image, and what falls on the padding is not computed.
//!
//! A third of all products would meet zeros on 4 × 4 pixels, more than half on 2 × 2. The entries
//! of a channel are therefore sorted by their place in the kernel, and each of the nine has a loop
//! of its own over the pixels that it serves.

use super::gather::{Entry, Gather, Start};
use super::told::Telling;
use super::weight::{Pending, Weight};
use crate::kernels::isa::simd::Simd;

/// Places in the kernel, hence lists of each channel.
pub(crate) const TAPS: usize = 9;

/// The sums of a tile: images, rows, columns.
type Tile<S, const IMAGES: usize, const SIDE: usize> = [[[<S as Simd>::V; SIDE]; SIDE]; IMAGES];

/// Calls `$work!(row shift, column shift, number)` for each of the nine places in the kernel.
macro_rules! for_each_tap {
    ($work:ident) => {
        $work!(-1, -1, 0);
        $work!(-1, 0, 1);
        $work!(-1, 1, 2);
        $work!(0, -1, 3);
        $work!(0, 0, 4);
        $work!(0, 1, 5);
        $work!(1, -1, 6);
        $work!(1, 0, 7);
        $work!(1, 1, 8);
    };
}

/// Whether a pixel shifted by so much is still in the image.
#[inline(always)]
const fn inside<const SHIFT: isize, const SIDE: usize>(place: usize) -> bool {
    let shifted = place as isize + SHIFT;
    0 <= shifted && shifted < SIDE as isize
}

/// `IMAGES` blocks of images of `SIDE` × `SIDE` pixels. A channel has [`TAPS`] lists.
///
/// # Safety
///
/// As for [`gather`](super::gather::gather).
#[inline(always)]
pub(crate) unsafe fn gather<S: Simd, const IMAGES: usize, const SIDE: usize>(job: &Gather<'_>) {
    for (channel, bounds) in job.bounds.windows(TAPS + 1).step_by(TAPS).enumerate() {
        // SAFETY: as promised by the caller.
        unsafe {
            let output = job.output.add(channel * job.output_channel);
            let start = match job.start {
                Start::Bias(bias) => S::splat(*bias.add(channel)),
                Start::Zero | Start::Output => S::splat(0.0),
            };
            let mut sums: Tile<S, IMAGES, SIDE> = [[[start; SIDE]; SIDE]; IMAGES];
            if matches!(job.start, Start::Output) {
                for image in 0..IMAGES {
                    for row in 0..SIDE {
                        for col in 0..SIDE {
                            let at =
                                image * job.output_image + row * job.output_row + col * S::LANES;
                            sums[image][row][col] = S::load(output.add(at));
                        }
                    }
                }
            }
            macro_rules! tap {
                ($y:literal, $x:literal, $tap:literal) => {
                    let entries =
                        job.entries.get_unchecked(bounds[$tap] as usize..bounds[$tap + 1] as usize);
                    for entry in entries {
                        add::<S, IMAGES, SIDE, $y, $x>(job, entry, &mut sums);
                    }
                };
            }
            for_each_tap!(tap);
            if !job.told.is_null() {
                for image in 0..IMAGES {
                    let told = &mut *job.told.add(image * job.told_image + channel);
                    let mut telling = Telling::<S>::new(told, Some(sums[image][0][0]));
                    for row in 0..SIDE {
                        for col in 0..SIDE {
                            telling.pixel(sums[image][row][col]);
                        }
                    }
                    telling.tell(told);
                }
            }
            for image in 0..IMAGES {
                for row in 0..SIDE {
                    for col in 0..SIDE {
                        let to = image * job.output_image + row * job.output_row + col * S::LANES;
                        if job.stream {
                            S::stream(output.add(to), sums[image][row][col]);
                        } else {
                            S::store(output.add(to), sums[image][row][col]);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn add<S: Simd, const IMAGES: usize, const SIDE: usize, const Y: isize, const X: isize>(
    job: &Gather<'_>,
    entry: &Entry,
    sums: &mut Tile<S, IMAGES, SIDE>,
) {
    // SAFETY: as promised by the caller of `gather`.
    unsafe {
        let weight = S::splat(entry.value);
        let from = job.input.wrapping_offset(entry.offset as isize);
        for image in 0..IMAGES {
            for row in 0..SIDE {
                for col in 0..SIDE {
                    if inside::<Y, SIDE>(row) && inside::<X, SIDE>(col) {
                        let at = image * job.input_image + row * job.input_row + col * S::LANES;
                        let pixel = S::load(from.wrapping_add(at));
                        sums[image][row][col] = S::fma(pixel, weight, sums[image][row][col]);
                    }
                }
            }
        }
    }
}

/// The gradient to the weights, as [`gather`].
///
/// # Safety
///
/// As for [`weight`](super::weight::weight).
#[inline(always)]
pub(crate) unsafe fn weight<S: Simd, const IMAGES: usize, const SIDE: usize>(job: &Weight<'_>) {
    let mut pending = Pending::<S>::new(job.gradient.wrapping_add(job.bounds[0] as usize));
    for (channel, bounds) in job.bounds.windows(TAPS + 1).step_by(TAPS).enumerate() {
        if bounds[0] == bounds[TAPS] {
            continue;
        }
        // SAFETY: as promised by the caller.
        unsafe {
            let output = job.output.add(channel * job.output_channel);
            let mut held: Tile<S, IMAGES, SIDE> = [[[S::splat(0.0); SIDE]; SIDE]; IMAGES];
            for image in 0..IMAGES {
                for row in 0..SIDE {
                    for col in 0..SIDE {
                        let at = image * job.output_image + row * job.output_row + col * S::LANES;
                        held[image][row][col] = S::load(output.add(at));
                    }
                }
            }
            macro_rules! tap {
                ($y:literal, $x:literal, $tap:literal) => {
                    let entries =
                        job.entries.get_unchecked(bounds[$tap] as usize..bounds[$tap + 1] as usize);
                    for entry in entries {
                        pending.push(product::<S, IMAGES, SIDE, $y, $x>(job, entry, &held));
                    }
                };
            }
            for_each_tap!(tap);
        }
    }
    // SAFETY: as promised by the caller.
    unsafe { pending.flush() };
}

#[inline(always)]
unsafe fn product<
    S: Simd,
    const IMAGES: usize,
    const SIDE: usize,
    const Y: isize,
    const X: isize,
>(
    job: &Weight<'_>,
    entry: &Entry,
    held: &Tile<S, IMAGES, SIDE>,
) -> S::V {
    // SAFETY: as promised by the caller of `weight`.
    unsafe {
        let from = job.input.wrapping_offset(entry.offset as isize);
        // Two sums, so that one need not wait for the other.
        let mut sums = [S::splat(0.0); 2];
        for image in 0..IMAGES {
            for row in 0..SIDE {
                for col in 0..SIDE {
                    if inside::<Y, SIDE>(row) && inside::<X, SIDE>(col) {
                        let at = image * job.input_image + row * job.input_row + col * S::LANES;
                        let pixel = S::load(from.wrapping_add(at));
                        let sum = &mut sums[(image + row) % 2];
                        *sum = S::fma(pixel, held[image][row][col], *sum);
                    }
                }
            }
        }
        S::add(sums[0], sums[1])
    }
}
