//! Whether a network is as sure as it is right: the expected calibration error.
//!
//! Label smoothing and distillation change how sure a network is, so accuracy alone does not show
//! all that they do. Guo et al., "On Calibration of Modern Neural Networks", 2017.

use tch::{Device, Kind, TchError, Tensor};

/// Intervals of confidence, all of one width.
const BINS: i64 = 15;

/// What the images of a split have shown so far, by how sure the network was of them.
#[derive(Debug)]
pub struct Calibration {
    /// f64 `[3, BINS]`: images, the sum of their confidence, images recognised.
    sums: Tensor,
}

impl Calibration {
    pub fn new(device: Device) -> Self {
        Self { sums: Tensor::zeros([3, BINS], (Kind::Double, device)) }
    }

    /// Adds a batch: `logits` and `targets` are float `[N, classes]`. An image's confidence is the
    /// largest softmax of its logits; bin b holds those above b/15 and up to (b + 1)/15.
    ///
    /// # Errors
    ///
    /// What libtorch says of shapes that do not fit.
    pub fn add(&mut self, logits: &Tensor, targets: &Tensor) -> Result<(), TchError> {
        let shares = logits.f_softmax(1, Kind::Double)?;
        let (confidence, class) = shares.f_max_dim(1, false)?;
        let right = class.f_eq_tensor(&targets.f_argmax(1, false)?)?.f_to_kind(Kind::Double)?;
        let place = confidence.f_mul_scalar(BINS as f64)?.f_ceil()?.f_add_scalar(-1.0)?;
        // Confidence that is no number has no bin; it makes all sums NaN below.
        let place = place.f_nan_to_num(0.0, None, None)?.f_clamp(0.0, (BINS - 1) as f64)?;
        let bins = place.f_to_kind(Kind::Int64)?.f_one_hot(BINS)?.f_to_kind(Kind::Double)?;
        let values = Tensor::f_stack(&[confidence.f_ones_like()?, confidence, right], 0)?;
        // A sum and not a matrix product, whose order of adding depends on more.
        let each = values.f_unsqueeze(2)?.f_mul(&bins.f_unsqueeze(0)?)?;
        self.sums =
            self.sums.f_add(&each.f_sum_dim_intlist(&[1_i64][..], false, Kind::Double)?)?;
        Ok(())
    }

    /// Σ over bins of |recognised − confidence| ÷ images, in [0, 1]: by how much confidence and
    /// accuracy are apart, on average over images. NaN where a logit was. Waits for the device.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn error(&self) -> Result<f64, TchError> {
        let [images, confidence, right] = [0, 1, 2].map(|row| self.sums.f_select(0, row));
        let apart = right?.f_sub(&confidence?)?.f_abs()?.f_sum(Kind::Double)?;
        Ok(apart.double_value(&[]) / images?.f_sum(Kind::Double)?.double_value(&[]).max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits whose softmax is exactly the given shares.
    fn logits(shares: &[f64], classes: i64) -> Tensor {
        Tensor::from_slice(shares).log().reshape([-1, classes])
    }

    fn targets(classes: &[i64], of: i64) -> Tensor {
        Tensor::from_slice(classes).one_hot(of).to_kind(Kind::Float)
    }

    fn error(batches: &[(Tensor, Tensor)]) -> f64 {
        let mut found = Calibration::new(Device::Cpu);
        for (logits, targets) in batches {
            found.add(logits, targets).unwrap();
        }
        found.error().unwrap()
    }

    #[test]
    fn four_images_by_hand() {
        // Confidence 0.9, 0.9 (one right: |1 − 1.8| = 0.8), 0.7 (right: 0.3), 0.52 (wrong: 0.52).
        let batches = [
            (logits(&[0.9, 0.1, 0.1, 0.9], 2), targets(&[0, 0], 2)),
            (logits(&[0.7, 0.3, 0.48, 0.52], 2), targets(&[0, 0], 2)),
        ];
        let expected = (0.8 + 0.3 + 0.52) / 4.0;
        assert!((error(&batches) - expected).abs() < 1e-12, "{}", error(&batches));
    }

    #[test]
    fn certain_and_right_is_perfect_and_certain_and_wrong_is_not() {
        let sure = Tensor::from_slice(&[1e4_f32, 0.0, 0.0]).reshape([1, 3]);
        assert_eq!(error(&[(sure.shallow_clone(), targets(&[0], 3))]), 0.0);
        assert_eq!(error(&[(sure, targets(&[2], 3))]), 1.0);
    }

    #[test]
    fn what_is_no_number_is_told() {
        let broken = Tensor::from_slice(&[f32::NAN, 0.0]).reshape([1, 2]);
        assert!(error(&[(broken, targets(&[0], 2))]).is_nan());
    }

    /// Against thirty lines of plain Python that sort images into lists, bin by bin.
    #[test]
    fn a_thousand_images_of_five_classes() {
        let value = |i: i64, c: i64| 4.0 * ((1 + 3 * i + 5 * i * c + c) as f64).sin();
        let all: Vec<f64> = (0..1000).flat_map(|i| (0..5).map(move |c| value(i, c))).collect();
        let classes: Vec<i64> = (0..1000).map(|i| (i * i + i / 7) % 5).collect();
        let batches: Vec<(Tensor, Tensor)> = (0..4)
            .map(|k| {
                let logits = Tensor::from_slice(&all[1250 * k..1250 * (k + 1)]).reshape([250, 5]);
                (logits, targets(&classes[250 * k..250 * (k + 1)], 5))
            })
            .collect();
        let expected = 0.451_335_289_316_621_2;
        assert!((error(&batches) - expected).abs() < 1e-12, "{}", error(&batches));
    }
}
