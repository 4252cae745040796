//! Parts of a pass: from blocks of images, rows and channels to calls of the micro-kernels.
//!
//! What is unsafe about these calls is safe for one reason: a plan is only made when every kept
//! weight of every pixel of its grids lies within the frames and their margins (`plan.rs`), and a
//! pass only begins when its slices have the frames' lengths (`passes.rs`).

use super::grid::Run;
use super::lists::Lists;
use super::plan::Conv;
use super::tiling::Over;
use crate::kernels::frame::Frame;
use crate::kernels::isa::{self, Isa};
use crate::kernels::micro::gather::{Gather, Start};
use crate::kernels::micro::told::Told;
use crate::kernels::micro::weight::Weight;
use crate::kernels::threads::even;
use std::ops::Range;

/// A slice that several threads write, each its own part.
pub(super) struct Shared<T = f32>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: parts do not overlap, so no element is touched by two threads.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(super) fn new(slice: &mut [T]) -> Self {
        Self(slice.as_mut_ptr())
    }
}

/// What a pass starts from.
#[derive(Clone, Copy)]
pub(super) enum Begin<'a> {
    Zero,
    /// One number per computed channel.
    Bias(&'a [f32]),
    /// What the output holds.
    There,
}

/// The forward pass or the gradient to the input.
pub(super) struct GatherPart<'a> {
    pub(super) isa: Isa,
    pub(super) lists: &'a Lists,
    /// That of the input and that of the output.
    pub(super) frames: [&'a Frame; 2],
    pub(super) input: &'a [f32],
    /// The block of images that the input begins with.
    pub(super) from_block: usize,
    pub(super) begin: Begin<'a>,
    pub(super) output: Shared,
    /// Numbers in the output.
    pub(super) output_len: usize,
    /// Who is told about it: by block of images, then channel.
    pub(super) told: Option<Shared<Told>>,
}

impl GatherPart<'_> {
    /// Computes these channels of these rows of the grid, in these blocks of images.
    pub(super) fn run(&self, blocks: Range<usize>, lines: Range<usize>, channels: &Range<usize>) {
        let (lists, [from_frame, to_frame]) = (self.lists, self.frames);
        let (from, to) = (Walk::from(lists, from_frame), Walk::to(lists, to_frame));
        let aligned = (self.output.0 as usize).is_multiple_of(self.isa.lanes() * size_of::<f32>());
        let stream = aligned && self.output_len > isa::PAST && lists.blocks() == 1;
        lists.tiling.sweep(&lists.grid, blocks, lines, lists.blocks(), |run| {
            let kernel = match lists.tiling.over {
                Over::Whole => self.isa.whole(run.rows, run.cols).map(|(kernel, _)| kernel),
                _ => self.isa.gather(run.rows, run.cols, lists.grid.column_step()),
            };
            let Some(kernel) = kernel else { return };
            let start = match self.begin {
                _ if run.channels > 0 => Start::Output,
                Begin::There => Start::Output,
                Begin::Bias(bias) => Start::Bias(bias[channels.start..].as_ptr()),
                Begin::Zero => Start::Zero,
            };
            let place = to.place(&run) + channels.start * to_frame.plane();
            let read = Run { block: run.block - self.from_block, ..run };
            // Sums over some of the channels only are nothing to tell about.
            let told = self.told.filter(|_| run.channels + 1 == lists.blocks());
            let who = run.block * to_frame.channels + channels.start;
            let job = Gather {
                // Where the padding is larger than the image, this alone may lie outside.
                input: self.input.as_ptr().wrapping_add(from.place(&read)),
                // SAFETY: the place of a pixel lies inside the output's frame.
                output: unsafe { self.output.0.add(place) },
                input_row: from.row,
                output_row: to.row,
                output_pixel: to.col,
                input_image: from.block,
                output_image: to.block,
                output_channel: to_frame.plane(),
                tiles: run.tiles,
                input_tile: run.cols * from.col,
                output_tile: run.cols * to.col,
                bounds: lists.bounds(run.channels, channels),
                entries: &lists.entries,
                start,
                stream,
                // SAFETY: there is one for each channel of each block.
                told: told.map_or(std::ptr::null_mut(), |told| unsafe { told.0.add(who) }),
                told_image: to_frame.channels,
                first: run.y == 0 && run.x == 0,
            };
            // SAFETY: the processor has `isa` (checked when the plan was made), all places lie
            // inside (see above), and no other part writes these channels of these blocks.
            unsafe { kernel(&job) };
        });
        if stream {
            isa::fence();
        }
    }
}

/// The gradient to the weights.
pub(super) struct WeightPart<'a> {
    pub(super) conv: &'a Conv,
    pub(super) input: &'a [f32],
    pub(super) output_gradient: &'a [f32],
    /// The block of images that the gradient begins with.
    pub(super) from_block: usize,
    /// One for each kept weight, in the order of the lists.
    pub(super) sums: Shared,
}

impl WeightPart<'_> {
    /// Adds what these rows of the output and these blocks of images give to the sums of these
    /// output channels.
    pub(super) fn run(&self, blocks: Range<usize>, lines: Range<usize>, channels: &Range<usize>) {
        let Conv { isa, weight: lists, input: from_frame, output: to_frame, .. } = self.conv;
        let (from, to) = (Walk::from(lists, from_frame), Walk::to(lists, to_frame));
        lists.tiling.sweep(&lists.grid, blocks, lines, lists.blocks(), |run| {
            let kernel = match lists.tiling.over {
                Over::Whole => isa.whole(run.rows, run.cols).map(|(_, kernel)| kernel),
                _ => isa.weight(run.rows, run.cols, lists.grid.column_step()),
            };
            let Some(kernel) = kernel else { return };
            let read = Run { block: run.block - self.from_block, ..run };
            let place = to.place(&read) + channels.start * to_frame.plane();
            let job = Weight {
                // Where the padding is larger than the image, this alone may lie outside.
                input: self.input.as_ptr().wrapping_add(from.place(&run)),
                output: self.output_gradient[place..].as_ptr(),
                input_row: from.row,
                output_row: to.row,
                input_image: from.block,
                output_image: to.block,
                output_channel: to_frame.plane(),
                tiles: run.tiles,
                input_tile: run.cols * from.col,
                output_tile: run.cols * to.col,
                bounds: lists.bounds(run.channels, channels),
                entries: &lists.entries,
                gradient: self.sums.0,
            };
            // SAFETY: the processor has `isa` (checked when the plan was made), all places lie
            // inside (see above), and the sums of a channel belong to one part.
            unsafe { kernel(&job) };
        });
    }
}

/// Distances between the pixels of a grid in one frame, in numbers.
struct Walk {
    first: usize,
    block: usize,
    /// From one row of the grid to the next, and from one row of a tile to the next.
    line: usize,
    row: usize,
    col: usize,
}

impl Walk {
    fn from(lists: &Lists, frame: &Frame) -> Self {
        Self::new(lists, frame, [0, 0], lists.grid.from_step)
    }

    fn to(lists: &Lists, frame: &Frame) -> Self {
        Self::new(lists, frame, lists.grid.first, lists.grid.to_step)
    }

    fn new(lists: &Lists, frame: &Frame, first: [usize; 2], step: [usize; 2]) -> Self {
        let line = step[0] * frame.row();
        Self {
            first: frame.lead() + first[0] * frame.row() + first[1] * frame.lanes,
            block: frame.block(),
            line,
            row: if lists.tiling.over == Over::Images { frame.block() } else { line },
            col: step[1] * frame.lanes,
        }
    }

    /// Where a run's first pixel lies in the frame's first channel.
    fn place(&self, run: &Run) -> usize {
        self.first + run.block * self.block + run.y * self.line + run.x * self.col
    }
}

/// Parts for so many threads: blocks of images where they divide the work evenly, and ranges of
/// channels of them where they do not.
pub(super) fn parts(
    lists: &Lists,
    blocks: usize,
    threads: usize,
) -> Vec<(Range<usize>, Range<usize>)> {
    let [step, _] = lists.tiling.step();
    let chunks = blocks.div_ceil(step);
    let pieces = if chunks.is_multiple_of(threads) { 1 } else { threads };
    let ranges = even(&lists.loads(), pieces);
    let mut parts = Vec::with_capacity(chunks * ranges.len());
    for chunk in 0..chunks {
        for range in &ranges {
            parts.push((chunk * step..((chunk + 1) * step).min(blocks), range.clone()));
        }
    }
    parts
}
