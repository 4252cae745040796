//! The pixels of one channel in one block of images, as the micro-kernels take them.

use crate::kernels::frame::Frame;
use crate::kernels::isa::PAST;
use crate::kernels::micro::norm::Plane;

/// How many lanes of a block hold an image.
pub(super) fn lanes_in_use(frame: &Frame, images: usize, block: usize) -> usize {
    (images - block * frame.lanes).min(frame.lanes)
}

/// A number in the lanes in use, zero in the others, so that those stay zero.
pub(super) fn spread(number: f64, in_use: usize) -> [f32; 16] {
    std::array::from_fn(|lane| if lane < in_use { number as f32 } else { 0.0 })
}

pub(super) fn plane(frame: &Frame) -> Plane {
    Plane { height: frame.height, width: frame.width, row: frame.row() }
}

/// Where a channel's first pixel lies in a block, in all planes before its last row's end.
pub(super) fn place(frame: &Frame, channel: usize) -> usize {
    channel * frame.plane()
}

/// Whether so many results that begin there go past the caches.
pub(super) fn goes_past(frame: &Frame, len: usize, first: &[f32]) -> bool {
    len > PAST && (first.as_ptr() as usize).is_multiple_of(frame.lanes * size_of::<f32>())
}

/// From the first pixel of a block of images on.
pub(super) fn of_block<'a>(frame: &Frame, block: usize, all: &'a [f32]) -> &'a [f32] {
    &all[frame.lead() + block * frame.block()..][..frame.block()]
}
