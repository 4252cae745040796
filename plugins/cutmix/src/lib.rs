//! Rectangles pasted from other images.

use jackpot_plugin_api::prelude::*;

/// The streams of random numbers; two draws within one call must not share one.
const SHARE: i64 = 0;
const PARTNER: i64 = 1;
const APPLIED: i64 = 2;
const CENTRE: i64 = 3;

/// A rectangle of each image is replaced by the same place of another one of the batch, and the
/// targets are mixed by area.
///
/// Yun et al. 2019 (arXiv 1905.04899). With λ ~ Beta(α, α) the rectangle has ⌊H·√(1−λ)⌋ rows and
/// ⌊W·√(1−λ)⌋ columns; its centre is any pixel, all equally likely, and what hangs over the border
/// is clipped. Then λ is set to the exact share of pixels that stayed, and the targets become
/// λ·yᵢ + (1−λ)·yⱼ. (For an odd number of rows or columns the authors' code pastes one less.)
/// The partners are a random permutation of the batch, λ and the rectangle are the same for the
/// whole batch, and a batch is mixed with probability `p`, all as in the authors' code: p = 0.5 for
/// CIFAR, 1 for ImageNet. `per_image` draws all of it for each image.
#[derive(Params)]
struct Cutmix {
    /// α of the beta distribution; 1 is uniform.
    #[param(default = 1.0, range = 1e-3..=1e3)]
    alpha: f64,
    /// The probability that a batch (an image, if `per_image`) is mixed at all.
    #[param(default = 0.5, range = 0.0..=1.0)]
    p: f64,
    /// An own rectangle for each image instead of one for the batch.
    #[param(default = false)]
    per_image: bool,
}

impl Augmentation for Cutmix {
    const NAME: &str = "cutmix";
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let partner = ctx.rng().permutation_for(PARTNER, &batch.indices);
        let (height, width) = (batch.images.size(2), batch.images.size(3));
        let pasted = self.pasted(&batch.indices, height, width, &ctx.rng());
        let share = 1.0 - pasted.to_dtype(Dtype::F32).mean_dim(&[2, 3], false);
        let other = |own: &Tensor| own.index_select(0, &partner);
        let images = other(&batch.images).where_self(&pasted, &batch.images);
        let targets = other(&batch.targets)
            .op("aten::lerp.Tensor", &[(&batch.targets).into(), (&share).into()]);
        Batch { images, targets, ..batch }
    }
}

impl Cutmix {
    /// Where the partner's pixels go: bool `[N or 1, 1, H, W]`.
    fn pasted(&self, indices: &Tensor, height: i64, width: i64, rng: &Rng<'_>) -> Tensor {
        let (share, applied, centre) = if self.per_image {
            let uniform = |stream, columns| rng.uniform_for(stream, indices, &[columns]);
            let share = rng.beta_for(SHARE, indices, &[1], self.alpha);
            (share, uniform(APPLIED, 1), uniform(CENTRE, 2))
        } else {
            let uniform = |stream, columns| rng.uniform(stream, &[1, columns]);
            (rng.beta(SHARE, &[1, 1], self.alpha), uniform(APPLIED, 1), uniform(CENTRE, 2))
        };
        let side = (1.0 - share.masked_fill(&applied.ge(self.p), 1.0)).sqrt();
        let rows = covered(&side, &centre.narrow(1, 0, 1), height);
        let columns = covered(&side, &centre.narrow(1, 1, 1), width);
        rows.unsqueeze(2).logical_and(&columns.unsqueeze(1)).unsqueeze(1)
    }
}

/// Which of `length` rows, or columns, the rectangles cover (bool `[N, length]`), from their share
/// of it and a number in [0, 1) that places the centre, both `[N, 1]`.
fn covered(share: &Tensor, centre: &Tensor, length: i64) -> Tensor {
    let size = (share * length as f64).floor();
    // In f32 the product may round up to the first number out of range.
    let centre = (centre * length as f64).floor().clamp_max((length - 1) as f64);
    let first = centre - (&size * 0.5).floor();
    let offset = share.creator().arange(length).unsqueeze(0) - first;
    offset.ge(0.0).logical_and(&size.gt_tensor(&offset))
}

export_plugin!(augmentations: [Cutmix]);
