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
    use jackpot_plugin_api::testing::*;

    use super::*;

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn value_and_gradient() -> TestResult {
        let loss: TemplateItem = item(json!({ "temperature": 2.0 }))?; // parameters as in a config
        let host = Host::start()?;
        let logits = host.tensor(&[2.0, 0.0, 0.0, 4.0], &[2, 2]);
        let targets = host.tensor(&[1.0, 0.0, 0.5, 0.5], &[2, 2]);
        // The mean of ln(1 + e⁻¹) and (ln(1 + e²) + ln(1 + e⁻²)) / 2.
        assert_close(&host.loss(&loss).loss(&logits, &targets)?, &[0.720095], 1e-6);
        host.loss(&loss).check_gradient(&logits, &targets) // autograd against finite differences
    }

    #[test]
    fn it_needs_no_teacher() {
        assert!(!TemplateItem { temperature: 1.0 }.needs_teacher());
    }
}
