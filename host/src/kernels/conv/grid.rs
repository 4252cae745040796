//! The pixels that are computed, and where each reads.

/// Every `to_step`-th pixel from `first` on; the one at (y, x) reads around `from_step` · (y, x).
/// Pairs are (height, width).
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) first: [usize; 2],
    pub(super) to_step: [usize; 2],
    pub(super) from_step: [usize; 2],
    /// How many rows and columns there are.
    pub(super) size: [usize; 2],
}

/// Tiles side by side that one call of a micro-kernel computes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// The first block of images, and the first pixel in the grid.
    pub(super) block: usize,
    pub(super) y: usize,
    pub(super) x: usize,
    /// A tile's size; its rows are rows of pixels, or blocks of images.
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) tiles: usize,
    /// The block of channels that is read.
    pub(super) channels: usize,
}

impl Grid {
    /// Pixels from one column's reading to the next. Where tiles have one column it does not
    /// matter, and kernels exist for 1 and 2.
    pub(super) fn column_step(&self) -> usize {
        self.from_step[1].min(2)
    }
}
