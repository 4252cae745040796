//! Black squares at random places.

use jackpot_plugin_api::prelude::*;

/// The streams of random numbers; two draws within one call must not share one.
const PLACE: i64 = 0;
const APPLIED: i64 = 1;

/// A square of each image is painted over, at a random place.
///
/// DeVries and Taylor 2017 (arXiv 1708.04552). The square's centre is any pixel, all equally
/// likely, so that it may hang over the border, where it is clipped. With centre (y, x) it covers
/// rows y − ⌊size/2⌋ to y − ⌊size/2⌋ + size − 1, and columns likewise; that is the authors' code
/// for an even size (theirs is one pixel smaller for an odd one). Every sample has its own place.
/// The authors paint after normalisation, with the mean colour; here, before it, the fill is black
/// unless told otherwise. Their sizes: 16 for CIFAR-10, 8 for CIFAR-100.
#[derive(Params)]
struct Cutout {
    /// The side of the square in pixels.
    #[param(default = 16, range = 1..=1024)]
    size: i64,
    /// The probability that an image gets one.
    #[param(default = 1.0, range = 0.0..=1.0)]
    p: f64,
    /// What it is filled with: from 0, black, to 1, white.
    #[param(default = 0.0, range = 0.0..=1.0)]
    fill: f64,
}

impl Augmentation for Cutout {
    const NAME: &str = "cutout";
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let (rng, images) = (ctx.rng(), &batch.images);
        let centres = rng.uniform_for(PLACE, &batch.indices, &[2]);
        let rows = self.covered(&centres.narrow(1, 0, 1), images.size(2));
        let columns = self.covered(&centres.narrow(1, 1, 1), images.size(3));
        let mut hole = rows.unsqueeze(2).logical_and(&columns.unsqueeze(1));
        if self.p < 1.0 {
            let applied = rng.uniform_for(APPLIED, &batch.indices, &[1, 1]).lt(self.p);
            hole = hole.logical_and(&applied);
        }
        let images = images.masked_fill(&hole.unsqueeze(1), self.fill);
        Batch { images, ..batch }
    }
}

impl Cutout {
    /// Which of `length` rows, or columns, the squares cover (bool `[N, length]`), from one number
    /// in [0, 1) for each sample.
    fn covered(&self, centre: &Tensor, length: i64) -> Tensor {
        // In f32 the product may round up to the first number out of range.
        let centre = (centre * length as f64).floor().clamp_max((length - 1) as f64);
        let first = centre - (self.size / 2) as f64;
        let offset = first.creator().arange(length).unsqueeze(0) - first;
        offset.ge(0.0).logical_and(&offset.lt(self.size as f64))
    }
}

export_plugin!(augmentations: [Cutout]);
