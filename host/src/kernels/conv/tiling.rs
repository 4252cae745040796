//! Tiles and loop order of one list of kept weights.

use super::grid::{Grid, Run};
use super::shape::ConvShape;
use crate::kernels::isa::{Isa, MAX_COLS};
use std::ops::Range;

/// What the rows of a tile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Rows of pixels.
    Rows,
    /// The same row of pixels in several blocks of images.
    Images,
    /// Blocks of images: the tile is all their pixels. For 4 × 4 and 2 × 2 pixels under a 3 × 3
    /// kernel with stride 1 and padding 1, whose padding is then not computed.
    Whole,
}

/// How the loops run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// The largest tile.
    pub rows: usize,
    pub cols: usize,
    pub over: Over,
    /// Read channels in a block: as many as the first cache holds for the tiles at work.
    pub channels: usize,
    /// Tiles that one channel computes in a row before the next channel has its turn.
    pub tiles: usize,
}

impl Tiling {
    /// Calls `run` for every run of these rows of the grid, over these blocks of images.
    pub(super) fn sweep(
        &self,
        grid: &Grid,
        blocks: Range<usize>,
        lines: Range<usize>,
        channel_blocks: usize,
        mut run: impl FnMut(Run),
    ) {
        let [height, width] = grid.size;
        let (image_step, row_step) = match self.over {
            Over::Rows => (1, self.rows),
            Over::Images => (self.rows, 1),
            Over::Whole => (self.rows, height.max(1)),
        };
        for block in blocks.clone().step_by(image_step) {
            for y in (lines.start..lines.end.min(height)).step_by(row_step) {
                let rows = match self.over {
                    Over::Rows => self.rows.min(lines.end.min(height) - y),
                    Over::Images | Over::Whole => self.rows.min(blocks.end - block),
                };
                for channels in 0..channel_blocks {
                    let mut x = 0;
                    while x < width {
                        let cols = self.cols.min(width - x);
                        let tiles = ((width - x) / cols).min(self.tiles);
                        run(Run { block, y, x, rows, cols, tiles, channels });
                        x += tiles * cols;
                    }
                }
            }
        }
    }

    /// How many blocks of images, and how many rows, belong together.
    pub(super) fn step(&self) -> [usize; 2] {
        match self.over {
            Over::Rows => [1, self.rows],
            Over::Images | Over::Whole => [self.rows, usize::MAX],
        }
    }

    /// A tiling whose tiles exist for this grid.
    pub(super) fn fit(mut self, isa: Isa, shape: &ConvShape, grid: &Grid) -> Self {
        self.rows = self.rows.clamp(1, isa.rows());
        self.cols = self.cols.clamp(1, MAX_COLS);
        self.channels = self.channels.max(1);
        self.tiles = self.tiles.max(1);
        if self.over == Over::Whole {
            match Self::whole(isa, shape) {
                Some(rows) => {
                    let side = shape.image[0];
                    let rows = self.rows.min(rows);
                    return Self { rows, cols: side, channels: usize::MAX, tiles: 1, ..self };
                }
                None => self.over = Over::Rows,
            }
        }
        if grid.from_step[1] > 2 {
            self.cols = 1;
        }
        self
    }

    /// How many blocks of whole images fit a tile, where there are such tiles.
    pub(super) fn whole(isa: Isa, shape: &ConvShape) -> Option<usize> {
        let fits = shape.kernel == [3, 3] && shape.stride == [1, 1] && shape.padding == [1, 1];
        match (fits, shape.image) {
            (true, [2, 2]) => Some(isa.rows()),
            // Sixteen sums: too many for sixteen registers.
            (true, [4, 4]) if isa == Isa::Avx512 => Some(1),
            _ => None,
        }
    }
}
