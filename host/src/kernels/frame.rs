//! The blocked layout: how images lie in memory for these kernels.
//!
//! `[images / lanes][channels][height + margin][width + margin][lanes]`: a register holds the same
//! pixel of `lanes` images. Every convolution can then load whole registers, whatever its kernel
//! and stride. Around each channel lie zeros, which stand for the padding. They are shared: the
//! margin right of a row is the margin left of the next, the one below a channel is the one above
//! the next; only above the very first there is a lead of its own. Images that fill no whole block
//! leave lanes that hold zeros in an input.

/// The measures of a blocked layout, for any number of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Images in a block.
    pub lanes: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Rows of zeros between channels, columns of zeros between rows.
    pub margin: [usize; 2],
}

impl Frame {
    pub fn new(
        lanes: usize,
        channels: usize,
        height: usize,
        width: usize,
        margin: [usize; 2],
    ) -> Self {
        Self { lanes, channels, height, width, margin }
    }

    /// Numbers from one row to the next.
    pub fn row(&self) -> usize {
        (self.width + self.margin[1]) * self.lanes
    }

    /// Numbers from one channel to the next.
    pub fn plane(&self) -> usize {
        (self.height + self.margin[0]) * self.row()
    }

    /// Numbers from one block of images to the next.
    pub fn block(&self) -> usize {
        self.channels * self.plane()
    }

    /// Zeros before the first pixel of all.
    pub fn lead(&self) -> usize {
        self.margin[0] * self.row() + self.margin[1] * self.lanes
    }

    /// Blocks that so many images fill.
    pub fn blocks(&self, images: usize) -> usize {
        images.div_ceil(self.lanes)
    }

    /// Numbers that so many images take.
    pub fn len(&self, images: usize) -> usize {
        self.lead() + self.blocks(images) * self.block()
    }

    /// Where a pixel lies.
    pub fn at(&self, image: usize, channel: usize, y: usize, x: usize) -> usize {
        self.lead()
            + image / self.lanes * self.block()
            + channel * self.plane()
            + y * self.row()
            + x * self.lanes
            + image % self.lanes
    }
}
