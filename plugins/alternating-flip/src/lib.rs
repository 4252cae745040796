//! Mirror images that alternate from epoch to epoch.

use jackpot_plugin_api::prelude::*;

const FIRST: i64 = 0;

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
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let progress = ctx.progress();
        let odd = progress.step / progress.steps_per_epoch.max(1) % 2 == 1;
        let coin = ctx.rng().uniform_fixed(FIRST, &batch.indices, &[1, 1, 1]);
        let mirrored = if odd { coin.ge(0.5) } else { coin.lt(0.5) };
        let images = batch.images.flip(&[3]).where_self(&mirrored, &batch.images);
        Batch { images, ..batch }
    }
}

export_plugin!(augmentations: [AlternatingFlip]);
