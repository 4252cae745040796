//! The mask update `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// Drops, again and again, a share of the weights that are left, the smallest of all layers: say
/// here how the masks move, and where it comes from.
#[derive(Params)]
struct TemplateItem {
    /// The share of the weights that an update drops.
    #[param(default = 0.1, range = 0.0..=0.9)]
    share: f64,
    /// How often: "100it" or "1ep".
    #[param(default = "1ep")]
    every: Interval,
}

impl Update for TemplateItem {
    const NAME: &str = "template-item";

    // Asked before every step; a function of the progress alone.
    fn due(&self, ctx: &Ctx<'_>) -> bool {
        let at = ctx.progress();
        at.step > 0 && at.step.is_multiple_of(self.every.steps(at))
    }

    // New masks (true where a weight is kept) for what this draw prunes. `model.gradients` has the
    // dense gradients of the step, for updates that let weights come back.
    fn update(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let (weights, masks) = (model.parameters()?, model.masks()?);
        let mut sizes = Vec::new();
        for info in model.infos()?.into_iter().filter(|info| info.prunable) {
            let mask = masks.expect(&info.name);
            // Below every |θ|: what is dropped stays dropped.
            let size = weights.expect(&info.name).abs().masked_fill(&mask.logical_not(), -1.0);
            sizes.push((info.name, size));
        }
        let flat: Vec<Tensor> = sizes.iter().map(|(_, size)| size.reshape(&[-1])).collect();
        let all = Tensor::cat(&flat, 0);
        let left = all.ge(0.0).to_dtype(Dtype::I64).sum().item();
        let kept = all.largest(self.kept(left));
        let mut start = 0;
        let part = |(name, size): (String, Tensor)| {
            let mask = kept.narrow(0, start, size.numel()).reshape(&size.shape());
            start += size.numel();
            (name, mask)
        };
        Ok(sizes.into_iter().map(part).collect())
    }
}

impl TemplateItem {
    /// How many of that many weights stay: at least one.
    fn kept(&self, left: f64) -> i64 {
        ((left * (1.0 - self.share)).round() as i64).max(1)
    }
}

export_plugin!(updates: [TemplateItem]);

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::testing::*;

    use super::*;

    #[test]
    fn it_is_due_after_each_epoch_and_keeps_at_least_one_weight() -> TestResult {
        let update: TemplateItem = item(json!({ "share": 0.9 }))?; // parameters as in a config
        assert_eq!(due_steps(&update, 2, 6)?, [2, 4]);
        assert_eq!([100.0, 10.0, 1.0].map(|left| update.kept(left)), [10, 1, 1]);
        Ok(())
    }

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn the_smallest_weights_go() -> TestResult {
        let update: TemplateItem = item(json!({ "share": 0.5 }))?;
        let host = Host::start()?;
        let network = host.network(&small_network())?;
        // All of this layer is larger than anything else.
        network.set("linear.weight", &host.tensor(&[-100.0; 12], &[3, 4]))?;
        let masks = host.update(&update).at(100).update(&network)?;
        assert_close(masks.expect("linear.weight"), &[1.0; 12], 0.0);
        let kept: f64 = masks.iter().map(|(_, mask)| mask.to_vec::<f64>().iter().sum::<f64>()).sum();
        assert_eq!(kept, 114.0); // half of 228
        Ok(())
    }
}
