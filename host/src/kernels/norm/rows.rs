//! Loops over the rows of one channel in one block of images.

use crate::kernels::frame::Frame;

/// How many lanes of a block hold an image.
pub(super) fn lanes_in_use(frame: &Frame, images: usize, block: usize) -> usize {
    (images - block * frame.lanes).min(frame.lanes)
}

/// A number in the lanes in use, zero in the others, so that those stay zero.
pub(super) fn spread<const LANES: usize>(number: f64, in_use: usize) -> [f32; LANES] {
    std::array::from_fn(|lane| if lane < in_use { number as f32 } else { 0.0 })
}

/// The rows of a channel: where each begins and its length, in numbers.
#[inline(always)]
pub(super) fn rows(frame: &Frame, channel: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (first, row, len) = (channel * frame.plane(), frame.row(), frame.width * frame.lanes);
    (0..frame.height).map(move |y| first + y * row..first + y * row + len)
}
