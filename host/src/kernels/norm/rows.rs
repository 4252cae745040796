//! Loops over the rows of one channel in one block of images.

use crate::kernels::frame::Frame;
use crate::kernels::isa::{Isa, PAST, fence};
use std::ops::Range;

/// How many lanes of a block hold an image.
pub(super) fn lanes_in_use(frame: &Frame, images: usize, block: usize) -> usize {
    (images - block * frame.lanes).min(frame.lanes)
}

/// Where a row of results is computed: in its place, or beside it and then stored past the caches.
pub(super) struct Out<'a> {
    all: &'a mut [f32],
    row: Vec<f32>,
    past: bool,
}

impl<'a> Out<'a> {
    /// `len`: the numbers of all results.
    pub(super) fn new(frame: &Frame, len: usize, all: &'a mut [f32]) -> Self {
        let past = len > PAST;
        let row = if past { vec![0.0; frame.width * frame.lanes] } else { Vec::new() };
        Self { all, row, past }
    }

    /// Room for a row.
    #[inline(always)]
    pub(super) fn row(&mut self, at: &Range<usize>) -> &mut [f32] {
        if self.past { &mut self.row } else { &mut self.all[at.clone()] }
    }

    /// What was written there belongs to these places.
    #[inline(always)]
    pub(super) fn done(&mut self, at: &Range<usize>) {
        if self.past {
            Isa::best().copy_past(&self.row, &mut self.all[at.clone()]);
        }
    }

    /// Makes all of it visible to other threads.
    pub(super) fn finish(self) {
        if self.past {
            fence();
        }
    }
}

/// A number in the lanes in use, zero in the others, so that those stay zero.
pub(super) fn spread<const LANES: usize>(number: f64, in_use: usize) -> [f32; LANES] {
    std::array::from_fn(|lane| if lane < in_use { number as f32 } else { 0.0 })
}

/// The rows of a channel: where each begins and its length, in numbers.
#[inline(always)]
pub(super) fn rows(frame: &Frame, channel: usize) -> impl Iterator<Item = Range<usize>> {
    let (first, row, len) = (channel * frame.plane(), frame.row(), frame.width * frame.lanes);
    (0..frame.height).map(move |y| first + y * row..first + y * row + len)
}
