//! Cross-entropy with smoothed labels.

use jackpot_plugin_api::prelude::*;

/// Cross-entropy with smoothed labels, Szegedy et al. 2016 (arXiv 1512.00567).
///
/// The target is 1 − α on the true class and α / (C − 1) on each of the other C − 1 classes. This
/// is `torch.nn.CrossEntropyLoss(label_smoothing=ε)` with ε = α·C / (C − 1). Targets t that are
/// mixed already become (1 − α − α/(C − 1))·t + α/(C − 1).
#[derive(Params)]
struct LabelSmoothing {
    /// How much of the target's weight moves from the true class to the others.
    #[param(default = 0.1, range = 0.0..=1.0)]
    alpha: f64,
}

impl Loss for LabelSmoothing {
    const NAME: &str = "label-smoothing";
    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let target = targets.expect("target");
        let (scale, floor) = smoothing(self.alpha, target.size(-1));
        let smooth = target * scale + floor;
        let log_likelihood = outputs.expect("logits").log_softmax(-1);
        -(smooth * log_likelihood).sum_dim(&[-1], false).mean()
    }
}

/// What a target is multiplied by, and what is then added: (1 − α − α/(C−1), α/(C−1)).
///
/// With a single class there are no others, and the target stays what it is.
fn smoothing(alpha: f64, classes: i64) -> (f64, f64) {
    if classes < 2 {
        return (1.0, 0.0);
    }
    let others = alpha / (classes - 1) as f64;
    (1.0 - alpha - others, others)
}

export_plugin!(losses: [LabelSmoothing]);

#[cfg(test)]
mod tests {
    use super::*;

    fn smoothed(alpha: f64, target: &[f64]) -> Vec<f64> {
        let (scale, floor) = smoothing(alpha, target.len() as i64);
        target.iter().map(|t| t * scale + floor).collect()
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15)
    }

    #[test]
    fn a_hard_label_keeps_one_minus_alpha() {
        let soft = smoothed(0.1, &[0.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(close(&soft, &[0.025, 0.9, 0.025, 0.025, 0.025]), "{soft:?}");
    }

    #[test]
    fn a_mixed_label_still_sums_to_one() {
        // Half of class 0 and half of class 2 of three: 0.5·(1 − 0.2 − 0.1) + 0.1 = 0.45.
        let soft = smoothed(0.2, &[0.5, 0.0, 0.5]);
        assert!(close(&soft, &[0.45, 0.1, 0.45]), "{soft:?}");
    }

    #[test]
    fn no_smoothing_and_a_single_class_change_nothing() {
        assert_eq!(smoothed(0.0, &[0.0, 1.0]), [0.0, 1.0]);
        assert_eq!(smoothed(0.3, &[1.0]), [1.0]);
    }
}
