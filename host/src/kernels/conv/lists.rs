//! From a mask to lists of kept weights, in the order in which the kernels run over them.

use super::grid::Grid;
use super::shape::ConvShape;
use super::tiling::{Over, Tiling};
use crate::kernels::frame::Frame;
use crate::kernels::micro::gather::Entry;
use crate::kernels::micro::whole::TAPS;

/// A kept weight seen from the pixels that it serves.
#[derive(Clone, Copy)]
pub(super) struct Tap {
    /// The channel that is computed, and the one that is read.
    to: usize,
    from: usize,
    /// Where it is read, in rows and columns from the pixel's own place.
    at: [isize; 2],
    /// Its place among the kept weights.
    source: u32,
}

/// The kept weights of one grid, by block of read channels, then by computed channel.
pub(super) struct Lists {
    pub(super) grid: Grid,
    pub(super) tiling: Tiling,
    /// Channels that are computed.
    pub(super) channels: usize,
    /// Lists of a computed channel: one, or one for each place in the kernel.
    parts: usize,
    /// For each block `channels · parts + 1` bounds.
    bounds: Vec<u32>,
    pub(super) entries: Vec<Entry>,
    /// For each entry its place among the kept weights.
    pub(super) source: Vec<u32>,
}

impl Lists {
    pub(super) fn new(
        grid: Grid,
        tiling: Tiling,
        channels: usize,
        read: &Frame,
        mut taps: Vec<Tap>,
    ) -> Self {
        let whole = tiling.over == Over::Whole;
        let parts = if whole { TAPS } else { 1 };
        // The nine shifts by -1, 0 and 1, in the order in which the kernel asks for them.
        let part = |tap: &Tap| {
            if whole { ((tap.at[0] + 1) * 3 + tap.at[1] + 1) as usize } else { 0 }
        };
        // Within a list by place in memory, which is the order that prefetching likes.
        taps.sort_by_key(|tap| (tap.from / tiling.channels, tap.to, part(tap), tap.from, tap.at));
        let blocks = read.channels.div_ceil(tiling.channels);
        let stride = channels * parts + 1;
        let mut bounds = vec![0u32; blocks * stride];
        for tap in &taps {
            bounds[tap.from / tiling.channels * stride + tap.to * parts + part(tap) + 1] += 1;
        }
        let mut end = 0;
        for (place, bound) in bounds.iter_mut().enumerate() {
            // A block's first bound repeats the end of the block before it.
            end += if place % stride == 0 { 0 } else { *bound };
            *bound = end;
        }
        let offset = |tap: &Tap| {
            tap.from as isize * read.plane() as isize
                + tap.at[0] * read.row() as isize
                + tap.at[1] * read.lanes as isize
        };
        let entries =
            taps.iter().map(|tap| Entry { offset: offset(tap) as i32, value: 0.0 }).collect();
        let source = taps.iter().map(|tap| tap.source).collect();
        Self { grid, tiling, channels, parts, bounds, entries, source }
    }

    /// The bounds of a range of channels in one block.
    pub(super) fn bounds(&self, block: usize, channels: &std::ops::Range<usize>) -> &[u32] {
        let first = block * (self.channels * self.parts + 1);
        &self.bounds[first + channels.start * self.parts..=first + channels.end * self.parts]
    }

    /// Blocks of read channels.
    pub(super) fn blocks(&self) -> usize {
        self.bounds.len() / (self.channels * self.parts + 1)
    }

    /// Takes over the kept weights' values.
    pub(super) fn refresh(&mut self, kept: &[f32]) {
        for (entry, &source) in self.entries.iter_mut().zip(&self.source) {
            entry.value = kept[source as usize];
        }
    }

    /// Entries of each computed channel.
    pub(super) fn loads(&self) -> Vec<usize> {
        let mut loads = vec![0; self.channels];
        for block in self.bounds.chunks_exact(self.channels * self.parts + 1) {
            let ends = block.windows(self.parts + 1).step_by(self.parts);
            for (load, bounds) in loads.iter_mut().zip(ends) {
                *load += (bounds[self.parts] - bounds[0]) as usize;
            }
        }
        loads
    }
}

/// Every kept weight as (output channel, input channel, kernel row, kernel column).
pub(super) fn places(shape: &ConvShape, kept: &[u32]) -> Vec<[usize; 4]> {
    let [kernel_height, kernel_width] = shape.kernel;
    let inputs = shape.in_channels / shape.groups;
    let outputs = shape.out_channels / shape.groups;
    let place = |&index: &u32| {
        let index = index as usize;
        let (rest, x) = (index / kernel_width, index % kernel_width);
        let (rest, y) = (rest / kernel_height, rest % kernel_height);
        let (output, input) = (rest / inputs, rest % inputs);
        [output, output / outputs * inputs + input, y, x]
    };
    kept.iter().map(place).collect()
}

/// The kept weights as the forward pass reads the input.
pub(super) fn forward_taps(shape: &ConvShape, kept: &[u32]) -> Vec<Tap> {
    let tap = |(source, [output, input, y, x]): (usize, [usize; 4])| Tap {
        to: output,
        from: input,
        at: [y as isize - shape.padding[0] as isize, x as isize - shape.padding[1] as isize],
        source: source as u32,
    };
    places(shape, kept).into_iter().enumerate().map(tap).collect()
}

/// The kept weights as the gradient to every `stride`-th pixel of the input, from `first` on,
/// reads the output's gradient.
pub(super) fn backward_taps(shape: &ConvShape, kept: &[u32], first: [usize; 2]) -> Vec<Tap> {
    let along = |axis: usize, k: usize| {
        let shift = first[axis] as isize + shape.padding[axis] as isize - k as isize;
        let stride = shape.stride[axis] as isize;
        (shift.rem_euclid(stride) == 0).then(|| shift.div_euclid(stride))
    };
    let tap = |(source, [output, input, y, x]): (usize, [usize; 4])| {
        let at = [along(0, y)?, along(1, x)?];
        Some(Tap { to: input, from: output, at, source: source as u32 })
    };
    places(shape, kept).into_iter().enumerate().filter_map(tap).collect()
}
