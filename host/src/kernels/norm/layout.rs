//! Where the images of a norm lie.

use crate::kernels::error::KernelError;
use crate::kernels::frame::Frame;
use crate::kernels::isa::Isa;

/// Row-major images of fewer pixels have none: a call for each channel of each image costs too much.
const FEW: usize = 64;

/// How images lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The kernels' own.
    Blocked(Frame),
    /// As PyTorch has them.
    Plain(Plain),
}

/// Images as PyTorch has them: row-major, or with the channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    pub channels: usize,
    /// Height times width.
    pub pixels: usize,
    /// Whether the channels of a pixel lie together, and not the pixels of a channel.
    pub channels_last: bool,
}

impl From<Frame> for Layout {
    fn from(frame: Frame) -> Self {
        Self::Blocked(frame)
    }
}

impl From<Plain> for Layout {
    fn from(plain: Plain) -> Self {
        Self::Plain(plain)
    }
}

impl Layout {
    pub fn channels(&self) -> usize {
        match self {
            Self::Blocked(frame) => frame.channels,
            Self::Plain(plain) => plain.channels,
        }
    }

    /// Height times width.
    pub fn pixels(&self) -> usize {
        match self {
            Self::Blocked(frame) => frame.height * frame.width,
            Self::Plain(plain) => plain.pixels,
        }
    }

    /// Numbers that so many images take.
    pub fn len(&self, images: usize) -> usize {
        match self {
            Self::Blocked(frame) => frame.len(images),
            Self::Plain(plain) => images * plain.channels * plain.pixels,
        }
    }

    /// Where a channel's first number lies.
    pub(super) fn first(&self, channel: usize) -> usize {
        match self {
            Self::Blocked(frame) => frame.at(0, channel, 0, 0),
            Self::Plain(Plain { channels_last: true, .. }) => channel,
            Self::Plain(plain) => channel * plain.pixels,
        }
    }

    /// The instructions to compute with.
    pub(super) fn isa(&self, images: usize) -> Result<Isa, KernelError> {
        let (found, what) = match self {
            Self::Blocked(frame) => {
                (Isa::with_lanes(frame.lanes), format!("blocks of {} images", frame.lanes))
            }
            Self::Plain(plain) => {
                let isa = Isa::best();
                let what = format!("{} channels of {} pixels", plain.channels, plain.pixels);
                (plain.fits(images, isa.lanes()).then_some(isa), what)
            }
        };
        found.ok_or(KernelError::Shape { what })
    }
}

impl Plain {
    /// Whether there are kernels for so many images of that form on this processor: whole registers
    /// hold the pixels of a channel, of which there are not few, or all channels of some pixels.
    pub fn is_known(&self, images: usize) -> bool {
        self.fits(images, Isa::best().lanes())
    }

    fn fits(&self, images: usize, lanes: usize) -> bool {
        match self.channels_last {
            true => (images * self.pixels * self.channels).is_multiple_of(self.row(lanes).max(1)),
            false => self.pixels >= FEW && self.pixels.is_multiple_of(lanes),
        }
    }

    /// Numbers after which channels and registers begin together again, with the channels last.
    pub(super) fn row(&self, lanes: usize) -> usize {
        let mut row = self.channels;
        while !row.is_multiple_of(lanes) {
            row += self.channels;
        }
        row
    }
}
