//! Every way to draw random numbers, a declared tensor and a knob.

use jackpot_plugin_api::prelude::*;

/// Noise of every pixel, one brightness per batch, a flip that a sample has in all epochs, mixing
/// with a partner, an offset that the training learns, and a strength that falls from 1 to 0.
#[derive(Params)]
pub struct Noise {
    /// How far a pixel's noise reaches.
    #[param(default = 0.1, range = 0.0..=1.0)]
    reach: f64,
    /// Beta(α, α) is the share of the partner.
    #[param(default = 0.4, range = 0.01..=100.0)]
    alpha: f64,
}

impl Augmentation for Noise {
    const NAME: &str = "reference-noise";
    const KNOBS: &[&str] = &["strength"];

    fn knob(&self, _: &str, progress: Progress) -> f64 {
        1.0 - progress.fraction()
    }

    fn tensors(&self, _: &Site) -> Vec<DeclaredTensor> {
        vec![DeclaredTensor::constant("floor", &[], 0.0)]
    }

    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let (rng, shape) = (ctx.rng(), batch.images.shape());
        let places = &batch.indices;
        let noise = rng.uniform_for(0, places, &shape[1..]) * self.reach;
        let light = rng.normal(1, &[]) * 0.05 + rng.uniform(2, &[]) * 0.05;
        let flipped = rng.uniform_fixed(3, places, &[1, 1, 1]).lt(0.5);
        let images = batch.images.flip(&[3]).where_self(&flipped, &batch.images);
        let share = rng.beta_for(4, places, &[1], self.alpha) * 0.5 * ctx.knob("strength");
        let partner = rng.permutation_for(5, places);
        let mix =
            |own: &Tensor, share: &Tensor| own + share * (own.index_select(0, &partner) - own);
        let targets = mix(&batch.targets, &share);
        let images = mix(&images, &share.reshape(&[-1, 1, 1, 1]));
        // A draw on the host, the same for the whole batch.
        let dark = if rng.host(6) % 2 == 0 { 0.0 } else { 0.02 };
        let beta = rng.beta(7, &[], 2.0) * 0.01;
        let images = (images + noise + light + beta - dark).clamp(0.0, 1.0);
        Batch { images: images.maximum(&ctx.tensor("floor")), targets, ..batch }
    }
}
