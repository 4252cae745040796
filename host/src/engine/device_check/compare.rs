//! The distance between what two devices give.

use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::quantity::{FAR, Measure, Quantity};
use crate::train::TrainError;

/// A quantity's tensors by name.
#[derive(Debug)]
pub struct Found {
    pub quantity: Quantity,
    pub tensors: Vec<(String, Tensor)>,
}

/// How far a quantity lies from the reference's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub quantity: &'static str,
    /// Where it is largest.
    pub tensor: String,
    /// Infinite where a value is not finite.
    pub error: f64,
    pub bound: f64,
    /// The number of tensors, and of those that rounding alone may move so far that nothing but
    /// finite values is asked of them.
    pub tensors: usize,
    pub left_out: usize,
}

impl Difference {
    pub fn is_within(&self) -> bool {
        self.error <= self.bound
    }

    /// Of the bound; what has none is exact or infinitely far.
    pub fn share(&self) -> f64 {
        match self.bound > 0.0 {
            true => self.error / self.bound,
            false if self.error == 0.0 => 0.0,
            false => f64::INFINITY,
        }
    }
}

/// The share of a quantity's whole norm below which a tensor counts as small: of the gradient of a
/// bias before a batch norm, which is 0 in theory, only rounding is left.
const SMALL: f64 = 0.01;

/// By how many times a rounding's own effect a tensor may be off.
const MARGIN: f64 = 4.0;
/// A tensor that may be off by more than that, compared with itself, tells nothing.
const VOID: f64 = 0.75;

/// Compares a quantity with the reference's, within that bound or what rounding did at most in `moved`.
///
/// # Errors
///
/// Other tensors than the reference's; what libtorch says.
pub fn difference(
    own: &Found,
    reference: &Found,
    moved: &[&Found],
    bound: f64,
) -> Result<Difference, TrainError> {
    let errors_of = |found| errors(found, reference);
    let own_errors = errors_of(own)?;
    let moved = moved.iter().copied().map(errors_of).collect::<Result<Vec<_>, _>>()?;
    let mut worst = Difference {
        quantity: own.quantity.name(),
        tensor: String::new(),
        error: 0.0,
        bound,
        tensors: own.tensors.len(),
        left_out: 0,
    };
    for (index, ((name, _), error)) in own.tensors.iter().zip(own_errors).enumerate() {
        let moved = moved.iter().filter_map(|errors| errors.get(index)).copied();
        let moved = moved.fold(0.0, f64::max);
        let bound = bound.max(MARGIN * moved);
        let is_void = own.quantity.measure() == Measure::Norm && bound > VOID;
        if is_void && error.is_finite() {
            worst.left_out += 1;
            continue;
        }
        let here = Difference { tensor: name.clone(), error, bound, ..worst.clone() };
        if worst.tensor.is_empty() || here.share() > worst.share() {
            worst = here;
        }
    }
    Ok(worst)
}

/// The error of each tensor; infinite where a value is not finite.
fn errors(own: &Found, reference: &Found) -> Result<Vec<f64>, TrainError> {
    let quantity = own.quantity.name();
    let other = |what: String| TrainError::Setting(format!("its {quantity} {what}"));
    if own.tensors.len() != reference.tensors.len() {
        let [here, there] = [own, reference].map(|found| found.tensors.len());
        return Err(other(format!("are {here} tensors, and {there} on the CPU")));
    }
    let mut pairs = Vec::new();
    for ((name, a), (known, b)) in own.tensors.iter().zip(&reference.tensors) {
        if name != known || a.size() != b.size() {
            let [here, there] = [a, b].map(Tensor::size);
            let text =
                format!("are `{name}` {here:?} where they are `{known}` {there:?} on the CPU");
            return Err(other(text));
        }
        pairs.push((name, plain(a)?, plain(b)?));
    }
    let norms = pairs.iter().map(|(_, _, b)| norm(b)).collect::<Result<Vec<_>, _>>()?;
    let whole = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
    let error = |((_, a, b), own_norm): (&(&String, Tensor, Tensor), f64)| {
        let error = match own.quantity.measure() {
            Measure::Norm => over(norm(&a.f_sub(b)?)?, own_norm.max(SMALL * whole)),
            Measure::Share => share(a, b)?,
        };
        Ok(if error.is_nan() { f64::INFINITY } else { error })
    };
    pairs.iter().zip(norms).map(error).collect()
}

/// Whether all values of a quantity are finite.
///
/// # Errors
///
/// What libtorch says.
pub fn is_finite(found: &Found) -> Result<bool, TrainError> {
    for (_, tensor) in &found.tensors {
        if !norm(&plain(tensor)?)?.is_finite() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Values in f64 on the CPU.
fn plain(tensor: &Tensor) -> Result<Tensor, tch::TchError> {
    tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_reshape([-1])
}

fn norm(values: &Tensor) -> Result<f64, tch::TchError> {
    values.f_square()?.f_sum(Kind::Double)?.f_sqrt()?.f_double_value(&[])
}

fn over(distance: f64, norm: f64) -> f64 {
    if distance == 0.0 { 0.0 } else { distance / norm }
}

/// The share of values that are far apart; NaN where one is not finite.
fn share(a: &Tensor, b: &Tensor) -> Result<f64, tch::TchError> {
    let apart = a.f_sub(b)?.f_abs()?;
    if !norm(&apart)?.is_finite() {
        return Ok(f64::NAN);
    }
    let far = apart.f_gt(FAR)?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    Ok(far as f64 / apart.numel().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(quantity: Quantity, tensors: &[(&str, &[f32])]) -> Found {
        let one =
            |(name, values): &(&str, &[f32])| ((*name).to_owned(), Tensor::from_slice(values));
        Found { quantity, tensors: tensors.iter().map(one).collect() }
    }

    fn gradients(a: &[f32], b: &[f32]) -> Found {
        found(Quantity::Gradients, &[("a", a), ("b", b)])
    }

    #[test]
    fn the_worst_tensor_is_named() {
        let reference = gradients(&[3.0, 4.0], &[1.0, 0.0]);
        let same = difference(&reference, &reference, &[], 0.0).unwrap();
        assert!(same.error == 0.0 && same.is_within() && same.share() == 0.0, "{same:?}");
        // 0.5 of 5 is a tenth; 0.2 of 1 is a fifth.
        let own = gradients(&[3.0, 4.5], &[1.0, 0.2]);
        let apart = difference(&own, &reference, &[], 0.1).unwrap();
        assert_eq!((apart.tensor.as_str(), apart.is_within()), ("b", false));
        assert!((apart.error - 0.2).abs() < 1e-6 && (apart.share() - 2.0).abs() < 1e-5);
    }

    #[test]
    fn what_is_nothing_but_rounding_is_held_against_the_whole() {
        let reference = gradients(&[3.0, 4.0], &[1e-7, 0.0]);
        let own = gradients(&[3.0, 4.0], &[-1e-7, 2e-7]);
        let apart = difference(&own, &reference, &[], 0.0).unwrap();
        // √8·1e-7 of a hundredth of 5.
        assert!((apart.error - 8f64.sqrt() * 2e-6).abs() < 1e-9, "{apart:?}");
    }

    #[test]
    fn what_is_not_finite_is_infinitely_far() {
        let reference = gradients(&[1.0], &[1.0]);
        for bad in [f32::NAN, f32::INFINITY] {
            let apart = difference(&gradients(&[bad], &[1.0]), &reference, &[], 1.0).unwrap();
            assert_eq!((apart.error, apart.tensor.as_str()), (f64::INFINITY, "a"));
            let images = |value| found(Quantity::Images, &[("images", &[value])]);
            let apart = difference(&images(bad), &images(1.0), &[], 1.0).unwrap();
            assert!(!apart.is_within(), "{apart:?}");
            assert!(!is_finite(&images(bad)).unwrap() && is_finite(&images(1.0)).unwrap());
        }
        let zeros = gradients(&[0.0], &[0.0]);
        let apart = difference(&gradients(&[0.0], &[1e-9]), &zeros, &[], 1.0).unwrap();
        assert_eq!(apart.error, f64::INFINITY);
    }

    #[test]
    fn what_rounding_moves_may_be_off() {
        let reference = gradients(&[1.0], &[1.0]);
        let own = gradients(&[1.2], &[1.2]);
        let moved = gradients(&[1.06], &[1.01]);
        let apart = difference(&own, &reference, &[&reference, &moved], 0.1).unwrap();
        // The first may be off by 4 · 0.06, the second by 0.1.
        assert_eq!((apart.tensor.as_str(), apart.bound), ("b", 0.1));
        assert!((apart.share() - 2.0).abs() < 1e-4 && !apart.is_within(), "{apart:?}");
        let moved = gradients(&[1.06], &[1.2]);
        let apart = difference(&own, &reference, &[&reference, &moved], 0.1).unwrap();
        // Of the second, which may be off by 4 · 0.2, nothing is asked.
        assert_eq!((apart.tensor.as_str(), apart.left_out, apart.tensors), ("a", 1, 2));
        assert!(apart.is_within());
        let bad = gradients(&[1.0], &[f32::NAN]);
        assert!(!difference(&bad, &reference, &[&reference, &moved], 0.1).unwrap().is_within());
    }

    #[test]
    fn of_images_the_pixels_are_counted() {
        let reference = found(Quantity::Images, &[("images", &[0.0, 0.5, 1.0, 1.5])]);
        let own = found(Quantity::Images, &[("images", &[0.0, 0.501, 1.0, -1.5])]);
        assert_eq!(difference(&own, &reference, &[], 0.3).unwrap().error, 0.25);
    }

    #[test]
    fn other_tensors_are_no_match() {
        let reference = gradients(&[1.0], &[1.0]);
        let text = |own| difference(&own, &reference, &[], 1.0).unwrap_err().to_string();
        let fewer = text(found(Quantity::Gradients, &[("a", &[1.0])]));
        assert!(fewer.contains("its gradients are 1 tensors, and 2 on the CPU"), "{fewer}");
        let longer = text(gradients(&[1.0], &[1.0, 2.0]));
        assert!(longer.contains("are `b` [2] where they are `b` [1] on the CPU"), "{longer}");
    }
}
