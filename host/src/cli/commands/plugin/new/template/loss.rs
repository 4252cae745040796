//! The loss `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// Cross-entropy of logits that are divided by a temperature: say here what is minimised, and where
/// it comes from.
#[derive(Params)]
struct TemplateItem {
    /// What the logits are divided by.
    #[param(default = 1.0, range = 1e-3..=1e3)]
    temperature: f64,
}

impl Loss for TemplateItem {
    const NAME: &str = "template-item";

    // Called every step, in f32: a 0-dimensional tensor, the mean over the batch. Targets are rows
    // that sum to 1, which an augmentation may have mixed.
    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let logits = outputs.expect("logits") / self.temperature; // [N, classes]
        let log_likelihood = logits.log_softmax(-1);
        -(targets.expect("target") * log_likelihood).sum_dim(&[-1], false).mean()
    }
}

export_plugin!(losses: [TemplateItem]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temperature_of_zero_is_out_of_range() {
        let range = TemplateItem::specs()[0].range.unwrap();
        assert!(range.contains(1.0) && !range.contains(0.0));
    }

    #[test]
    fn it_needs_no_teacher() {
        assert!(!TemplateItem { temperature: 1.0 }.needs_teacher());
    }
}
