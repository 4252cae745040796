//! Convex combinations of pairs of images.

use jackpot_plugin_api::prelude::*;

/// The streams of random numbers; two draws within one call must not share one.
const SHARE: i64 = 0;
const PARTNER: i64 = 1;
const APPLIED: i64 = 2;

/// Each image and its targets become λ of themselves and 1 − λ of another of the batch.
///
/// Zhang et al. 2018 (arXiv 1710.09412): x̃ = λ·xᵢ + (1−λ)·xⱼ, ỹ = λ·yᵢ + (1−λ)·yⱼ, λ ~ Beta(α, α).
/// The partners are a random permutation of the batch, by which a sample may meet itself, and λ is
/// one number for the whole batch, as in the authors' code; `per_image` draws one for each image.
/// Targets that are distributions already, mixed or smoothed, stay distributions.
#[derive(Params)]
struct Mixup {
    /// α of the beta distribution: 1 is uniform, smaller values stay nearer to single images.
    #[param(default = 1.0, range = 1e-3..=1e3)]
    alpha: f64,
    /// The probability that a batch (an image, if `per_image`) is mixed at all.
    #[param(default = 1.0, range = 0.0..=1.0)]
    p: f64,
    /// An own λ for each image instead of one for the batch.
    #[param(default = false)]
    per_image: bool,
}

impl Augmentation for Mixup {
    const NAME: &str = "mixup";
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let partner = ctx.rng().permutation_for(PARTNER, &batch.indices);
        let share = self.share(&batch.indices, &ctx.rng());
        // other + λ·(own − other), exact for λ = 0 and 1, and never out of the two's range.
        let mix = |own: &Tensor, share: &Tensor| {
            own.index_select(0, &partner).op("aten::lerp.Tensor", &[own.into(), share.into()])
        };
        let images = mix(&batch.images, &share.reshape(&[-1, 1, 1, 1]));
        let targets = mix(&batch.targets, &share.reshape(&[-1, 1]));
        Batch { images, targets, ..batch }
    }
}

impl Mixup {
    /// λ for each image, or a single one; 1 where nothing is mixed.
    fn share(&self, indices: &Tensor, rng: &Rng<'_>) -> Tensor {
        let (share, applied) = if self.per_image {
            (rng.beta_for(SHARE, indices, &[], self.alpha), rng.uniform_for(APPLIED, indices, &[]))
        } else {
            (rng.beta(SHARE, &[1], self.alpha), rng.uniform(APPLIED, &[1]))
        };
        share.masked_fill(&applied.ge(self.p), 1.0)
    }
}

export_plugin!(augmentations: [Mixup]);
