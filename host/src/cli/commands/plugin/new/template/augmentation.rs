//! The augmentation `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// Mirrors images from left to right: say here what changes, and where it comes from.
#[derive(Params)]
struct TemplateItem {
    /// The share of images that are mirrored.
    #[param(default = 0.5, range = 0.0..=1.0)]
    share: f64,
}

impl Augmentation for TemplateItem {
    const NAME: &str = "template-item";

    // Called for every training batch, on the training device: images f32 [N, C, H, W] in [0, 1],
    // not normalised yet; targets f32 [N, classes], rows that sum to 1.
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        // Numbers for samples, not for places in the batch: a resumed run ends with the same bits.
        // Another draw in this call needs another stream than 0.
        let uniform = ctx.rng().uniform_for(0, &batch.indices, &[1, 1, 1]); // [N, 1, 1, 1]
        let chosen = uniform.lt(self.share);
        let images = batch.images.flip(&[3]).where_self(&chosen, &batch.images);
        Batch { images, ..batch }
    }
}

export_plugin!(augmentations: [TemplateItem]);

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::testing::*;

    use super::*;

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn all_images_or_none_are_mirrored() -> TestResult {
        let host = Host::start()?;
        let batch = host.batch(4, [3, 2, 5], 10);
        let mirrored = batch.images.flip(&[3]);
        for (share, expected) in [(0.0, &batch.images), (1.0, &mirrored)] {
            let flip: TemplateItem = item(json!({ "share": share }))?; // parameters as in a config
            let made = host.augmentation(&flip).augment(&batch)?;
            assert_close(&made.images, expected, 0.0);
            assert_close(&made.targets, &batch.targets, 0.0);
        }
        Ok(())
    }
}
