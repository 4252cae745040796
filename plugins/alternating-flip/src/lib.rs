//! Mirror images that alternate from epoch to epoch.

use jackpot_plugin_api::prelude::*;

const FIRST: i64 = 0;
/// The name of the knob that is 1 in odd epochs, and 0 in even ones.
const ODD: &str = "odd";

/// Mirror images that alternate: at random in the first epoch, then always the other side.
///
/// Jordan 2024 (arXiv 2404.00498). Whether an image is mirrored (left and right) in epoch 0 is a
/// fair coin; in every later epoch it is shown the other way round than in the one before. So any
/// two consecutive epochs show both sides of every image, where independent coins show the same
/// side twice half of the time. The coin depends on the seed and the image alone, and epochs are
/// counted from the start of the training, so a resumed one goes on as if it had not stopped. No
/// parameters.
#[derive(Params)]
struct AlternatingFlip;

impl Augmentation for AlternatingFlip {
    const NAME: &str = "alternating-flip";
    const KNOBS: &[&str] = &[ODD];

    fn knob(&self, _: &str, at: Progress) -> f64 {
        (at.step / at.steps_per_epoch.max(1) % 2) as f64
    }

    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let coin = ctx.rng().uniform_fixed(FIRST, &batch.indices, &[1, 1, 1]);
        let mirrored = coin.lt(0.5).op("aten::ne", &[(&ctx.knob(ODD)).into()]);
        let images = batch.images.flip(&[3]).where_self(&mirrored, &batch.images);
        Batch { images, ..batch }
    }
}

export_plugin!(augmentations: [AlternatingFlip]);
