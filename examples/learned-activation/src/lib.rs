//! A parameter that is learned: the item declares a tensor, and the host does the rest.

use jackpot_plugin_api::prelude::*;

/// max(x, 0) + a · min(x, 0) with a trained slope a for every channel: PReLU, He et al. 2015
/// (arXiv 1502.01852).
#[derive(Params)]
struct Prelu {
    /// The slope that every channel begins with.
    #[param(default = 0.25, range = -1.0..=1.0)]
    start: f64,
}

impl Activation for Prelu {
    const NAME: &str = "prelu";

    // Hooks keep nothing between calls: they may run concurrently, and a training may stop and go
    // on on another day. What has to last is declared here, once for every site. The host makes
    // the tensor, trains it with the network's weights, saves it in `model.safetensors` (as
    // `prelu.SITE.slope`), brings it back after an interruption, and shows what became of it in
    // `learned.csv` and the report.
    fn tensors(&self, site: &Site) -> Vec<DeclaredTensor> {
        // A site's shape has no batch dimension: [C, H, W] behind a convolution, [F] behind a
        // linear layer.
        let channels = site.shape.first().copied().unwrap_or(1);
        // Without weight decay, which would pull the function back to ReLU.
        vec![DeclaredTensor::trainable("slope", &[channels], self.start)]
    }

    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        // [C] becomes [1, C, 1, 1], so that each channel of [N, C, H, W] gets its own.
        let mut shape = vec![1; x.shape().len()];
        shape[1] = -1;
        x.clamp_min(0.0) + ctx.tensor("slope").reshape(&shape) * x.clamp_max(0.0)
    }
}

export_plugin!(activations: [Prelu]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_a_trained_slope() {
        let site = Site { name: "relu1".to_owned(), shape: vec![16, 8, 8] };
        let declared = Prelu { start: 0.1 }.tensors(&site);
        assert_eq!(declared, [DeclaredTensor::trainable("slope", &[16], 0.1)]);
        assert!(declared[0].trainable && !declared[0].decay);
    }
}
