//! Images cut into parts, of which a thread takes one at a time, and these into tiles, of which a
//! micro-kernel takes one. A tile's lanes are images of one channel, its pixels, or channels.

use super::layout::{Layout, Plain};
use std::ops::Range;

use crate::kernels::error::KernelError;
use crate::kernels::isa::{Isa, PAST};
use crate::kernels::micro::norm::{BESIDE, Lanes, NormKernels, Plane, Totals};

/// Numbers of a part of images whose channels are last, about: they stay in the second cache.
const PART: usize = 16 << 10;
/// And its rows, at least: sums of each part are kept for each channel.
const ROWS: usize = 64;

#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub isa: Isa,
    /// Numbers before the first part.
    pub lead: usize,
    /// Numbers of a part; the last one may have fewer.
    pub part: usize,
    pub parts: usize,
    /// Of a part.
    pub tiles: usize,
    /// Tiles that are done together.
    pub together: usize,
    /// Numbers from one tile to the next.
    step: usize,
    plane: Plane,
    last: Last,
    channels: usize,
    /// Whether a tile's lanes are different channels.
    across: bool,
}

/// The last part.
#[derive(Clone, Copy, Debug)]
struct Last {
    rows: usize,
    /// Lanes that hold anything.
    lanes: usize,
}

/// Some tiles of a part with nothing of others between them: rows of numbers, as many in each plane.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub tiles: Range<usize>,
    /// Where it begins in its part.
    pub at: usize,
    planes: usize,
    /// Numbers from one plane to the next.
    step: usize,
    height: usize,
    width: usize,
    /// Numbers from one row to the next.
    row: usize,
}

impl Stage {
    /// Numbers from its first to its last.
    pub fn len(&self) -> usize {
        (self.planes - 1) * self.step + (self.height - 1) * self.row + self.width
    }

    /// The places of its numbers, from its own beginning on.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> {
        let Self { planes, step, height, row, width, .. } = *self;
        let rows =
            (0..planes).flat_map(move |plane| (0..height).map(move |y| plane * step + y * row));
        rows.map(move |first| first..first + width)
    }
}

impl Cut {
    /// # Errors
    /// For images that there are no kernels for.
    pub fn new(layout: &Layout, images: usize) -> Result<Self, KernelError> {
        let isa = layout.isa(images)?;
        let (lanes, channels) = (isa.lanes(), layout.channels());
        Ok(match layout {
            Layout::Blocked(frame) => {
                let parts = frame.blocks(images);
                let plane = Plane { height: frame.height, width: frame.width, row: frame.row() };
                let in_use = images - parts.saturating_sub(1) * frame.lanes;
                Self {
                    isa,
                    lead: frame.lead(),
                    part: frame.block(),
                    parts,
                    tiles: channels,
                    together: 1,
                    step: frame.plane(),
                    plane,
                    last: Last { rows: frame.height, lanes: in_use },
                    channels,
                    across: false,
                }
            }
            Layout::Plain(plain) if plain.channels_last => {
                let all = images * plain.pixels * channels;
                let beside = plain.row(lanes * BESIDE);
                let (row, together) = match all.is_multiple_of(beside) {
                    true => (beside, BESIDE),
                    false => (plain.row(lanes), 1),
                };
                let all = all / row;
                let rows = (PART / row).max(ROWS).min(all.max(1));
                let parts = all.div_ceil(rows);
                Self {
                    isa,
                    lead: 0,
                    part: rows * row,
                    parts,
                    tiles: row / lanes,
                    together,
                    step: lanes,
                    plane: Plane { height: rows, width: 1, row },
                    last: Last { rows: all - parts.saturating_sub(1) * rows, lanes },
                    channels,
                    across: true,
                }
            }
            Layout::Plain(Plain { pixels, .. }) => Self {
                isa,
                lead: 0,
                part: channels * pixels,
                parts: images,
                tiles: channels,
                together: 1,
                step: *pixels,
                plane: Plane { height: 1, width: pixels / lanes, row: *pixels },
                last: Last { rows: 1, lanes },
                channels,
                across: false,
            },
        })
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    /// From a part's first number on, as far as it goes.
    pub fn of<'a>(&self, part: usize, all: &'a [f32]) -> &'a [f32] {
        let from = &all[self.lead + part * self.part..];
        &from[..self.len(part)]
    }

    /// The parts to write to, in order.
    pub fn of_mut<'a>(&self, all: &'a mut [f32]) -> impl Iterator<Item = &'a mut [f32]> {
        let (whole, last) = (self.part, self.len(self.parts - 1));
        let (lead, parts) = (self.lead, self.parts);
        let end = lead + (parts - 1) * whole + last;
        all[lead..end].chunks_mut(whole.max(1))
    }

    /// Numbers of a part.
    fn len(&self, part: usize) -> usize {
        match self.across {
            true => self.plane(part).height * self.plane.row,
            false => self.part,
        }
    }

    /// What a tile of that part is.
    pub fn plane(&self, part: usize) -> Plane {
        let height = if part + 1 == self.parts { self.last.rows } else { self.plane.height };
        Plane { height, ..self.plane }
    }

    /// The kernels.
    pub fn kernels(&self) -> NormKernels {
        self.isa.norm(self.together)
    }

    /// The tiles of a part, as many as are done together at a time.
    pub fn groups(&self) -> impl Iterator<Item = Range<usize>> {
        self.together(0..self.tiles)
    }

    fn together(&self, tiles: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let together = self.together;
        tiles.step_by(together).map(move |first| first..first + together)
    }

    /// A part in pieces that lie by themselves, and stay in the second cache.
    pub fn stages(&self, part: usize) -> impl Iterator<Item = Stage> {
        let (plane, lanes) = (self.plane(part), self.isa.lanes());
        let at_once = if self.across { self.tiles } else { (PART / self.step).max(1) };
        (0..self.tiles).step_by(at_once).map(move |first| {
            let tiles = first..self.tiles.min(first + at_once);
            let at = self.at(first);
            match self.across {
                // They lie between each other, so that all are one row.
                true => Stage {
                    tiles,
                    at,
                    planes: 1,
                    step: 0,
                    height: 1,
                    width: self.len(part),
                    row: 0,
                },
                false => Stage {
                    at,
                    planes: tiles.len(),
                    step: self.step,
                    height: plane.height,
                    width: plane.width * lanes,
                    row: plane.row,
                    tiles,
                },
            }
        })
    }

    /// The tiles of a stage, as many as are done together at a time.
    pub fn groups_of(&self, stage: &Stage) -> impl Iterator<Item = Range<usize>> {
        self.together(stage.tiles.clone())
    }

    /// Where a tile lies in its part.
    pub fn at(&self, tile: usize) -> usize {
        tile * self.step
    }

    /// Registers of a tile, at most.
    pub fn pixels(&self) -> usize {
        self.plane.height * self.plane.width
    }

    /// Whose number a lane of a tile has.
    fn channel(&self, tile: usize, lane: usize) -> usize {
        match self.across {
            true => (tile * self.isa.lanes() + lane) % self.channels,
            false => tile,
        }
    }

    /// A number of each channel, for the lanes of each tile.
    pub fn table(&self, of: impl Fn(usize) -> f64) -> Vec<Lanes> {
        let lanes = self.isa.lanes();
        let tile = |tile: usize| match self.across {
            true => {
                let number = |lane| of(self.channel(tile, lane)) as f32;
                std::array::from_fn(|lane| if lane < lanes { number(lane) } else { 0.0 })
            }
            false => [of(tile) as f32; 16],
        };
        (0..self.tiles).map(tile).collect()
    }

    /// The numbers of some tiles in the lanes that a part uses, zero in the others, so that those
    /// stay zero.
    pub fn in_use(&self, part: usize, tiles: &[Lanes]) -> [Lanes; BESIDE] {
        let (used, mut lanes) = (self.lanes(part), [[0.0; 16]; BESIDE]);
        for (lanes, tile) in lanes.iter_mut().zip(tiles) {
            lanes[..used].copy_from_slice(&tile[..used]);
        }
        lanes
    }

    pub fn lanes(&self, part: usize) -> usize {
        if part + 1 == self.parts { self.last.lanes } else { self.isa.lanes() }
    }

    /// Adds the totals of tiles that are done together to the sums of their channels.
    pub fn add(&self, part: usize, first: usize, totals: &[Totals], sums: &mut [[f64; 2]]) {
        for (tile, totals) in (first..).zip(totals) {
            for lane in 0..self.lanes(part) {
                for (sum, total) in sums[self.channel(tile, lane)].iter_mut().zip(totals) {
                    *sum += total[lane];
                }
            }
        }
    }

    /// Whether results that begin there, of so many in all, go past the caches.
    pub fn goes_past(&self, len: usize, first: &[f32]) -> bool {
        let register = self.isa.lanes() * size_of::<f32>();
        len > PAST && (first.as_ptr() as usize).is_multiple_of(register)
    }
}
