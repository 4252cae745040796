//! Which tiling a pass gets: rules from measurements, see docs/performance.md.

use super::plan::Tilings;
use super::shape::ConvShape;
use super::tiling::{Over, Tiling};
use crate::kernels::isa::{Isa, MAX_COLS};

/// Of the first cache: what a block of input channels under a tile may take.
const CACHE: usize = 36 << 10;
/// Kept weights of a computed channel below which blocks of input channels do not pay: what their
/// sums cost is more than what the cache gives.
const LONG: usize = 80;
/// The same within one block.
const ENTRIES: usize = 15;

impl Tilings {
    /// What was fastest for layers like this one.
    pub fn choose(shape: &ConvShape, kept: usize, isa: Isa) -> Self {
        let [out_height, out_width] = shape.output();
        let [height, width] = [0, 1].map(|axis| shape.image[axis].div_ceil(shape.stride[axis]));
        // The gradient of a strided convolution has a grid for each remainder, with its share of
        // the kernel and of the weights.
        let grids = shape.stride[0] * shape.stride[1];
        let small = [0, 1].map(|axis| shape.kernel[axis].div_ceil(shape.stride[axis]));
        let ahead = Pass {
            size: [out_height, out_width],
            kernel: shape.kernel,
            step: shape.stride,
            read: shape.in_channels / shape.groups,
            entries: kept / shape.out_channels,
        };
        let back = Pass {
            size: [height, width],
            kernel: small,
            step: [1, 1],
            read: shape.out_channels / shape.groups,
            entries: kept / shape.in_channels / grids,
        };
        let forward = ahead.tiling(shape, isa);
        let input_gradient = back.tiling(shape, isa);
        Self { forward, input_gradient, weight_gradient: forward }
    }
}

/// What matters of one pass.
struct Pass {
    size: [usize; 2],
    kernel: [usize; 2],
    step: [usize; 2],
    /// Channels that a computed channel can read.
    read: usize,
    /// Kept weights of a computed channel.
    entries: usize,
}

impl Pass {
    fn tiling(&self, shape: &ConvShape, isa: Isa) -> Tiling {
        let any = usize::MAX;
        if let Some(rows) = Tiling::whole(isa, shape) {
            return Tiling { rows, cols: MAX_COLS, over: Over::Whole, channels: any, tiles: 1 };
        }
        let (over, rows) = if self.size[0] * self.size[1] < 8 {
            (Over::Images, isa.rows())
        } else if self.kernel == [1, 1] {
            // No pixel is read twice, so a larger tile needs no larger share of the cache.
            (Over::Rows, isa.rows())
        } else {
            (Over::Rows, 2)
        };
        let cols = MAX_COLS.min(self.size[1]);
        let span = |count: usize, axis: usize| (count - 1) * self.step[axis] + self.kernel[axis];
        let pixels = match over {
            Over::Rows => span(rows, 0) * span(cols, 1),
            Over::Images | Over::Whole => rows * self.kernel[0] * span(cols, 1),
        };
        let fit = CACHE / (pixels * isa.lanes() * size_of::<f32>());
        let worth = self.read * ENTRIES / self.entries.max(1);
        let channels = fit.max(worth).max(1);
        // A last block of few channels would only cost.
        if channels * 4 > self.read * 3 || self.entries < LONG {
            return Tiling { rows, cols, over, channels: any, tiles: any };
        }
        Tiling { rows, cols, over, channels, tiles: 1 }
    }
}
