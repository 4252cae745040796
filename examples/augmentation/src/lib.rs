//! A change of every training batch, with random numbers that no interruption changes.

use jackpot_plugin_api::prelude::*;

/// Makes each image brighter or darker by a random factor.
#[derive(Params)]
struct Brightness {
    /// Factors are uniform in [1 − strength, 1 + strength].
    #[param(default = 0.4, range = 0.0..=1.0)]
    strength: f64,
}

impl Augmentation for Brightness {
    const NAME: &str = "brightness";

    // The whole batch at once, on the training device: images are f32 [N, C, H, W] in [0, 1], not
    // normalised yet. A loop over images would be slow on a GPU.
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        // Random numbers are a function of the seed, the item, the epoch and the sample, and of
        // nothing else: an image gets its factor wherever it stands in whatever batch, and a run
        // that was killed and resumed ends with the same bits. A second draw in the same call
        // would need another stream number than 0.
        let uniform = ctx.rng().uniform_for(0, &batch.indices, &[1, 1, 1]); // [N, 1, 1, 1]
        let factor = (uniform * 2.0 - 1.0) * self.strength + 1.0;
        Batch { images: (batch.images * factor).clamp(0.0, 1.0), ..batch }
    }
}

export_plugin!(augmentations: [Brightness]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_never_become_negative() {
        // The smallest factor is 1 − strength.
        let range = Brightness::specs()[0].range.unwrap();
        assert!(range.contains(1.0) && !range.contains(1.1));
    }
}
