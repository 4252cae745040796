//! Gradients against finite differences.

use super::host::double;
use super::{Failure, TestResult};
use crate::tensor::{GradOptions, NamedTensors, Tensor, grad, no_grad};

/// The name of an item's input, besides declared tensors, whose names the author chooses.
pub const INPUT: &str = "the input";

/// The step of a difference, for numbers around 1: about the cube root of f64's precision, where
/// rounding and the next term of the series are equally small.
const STEP: f64 = 6e-6;

/// How far a derivative may be off, and per unit of its size.
const TOLERANCE: f64 = 1e-6;

/// Compares the gradients that autograd gives of `function` with central differences, element by
/// element, in f64. `function` is called with the tensors in place of the given ones; where it has
/// several elements they are summed with weights, so that no error cancels another.
///
/// # Errors
///
/// What the function says; the element whose gradient is the furthest off.
pub fn check(
    at: &NamedTensors,
    function: &dyn Fn(&NamedTensors) -> TestResult<Tensor>,
) -> TestResult {
    let leaves: NamedTensors =
        at.iter().map(|(name, x)| (name.to_owned(), double(x).requires_grad_(true))).collect();
    let total = weighted(&function(&leaves)?);
    if !total.requires_grad() {
        let names: Vec<_> = at.iter().map(|(name, _)| label(name)).collect();
        let message = format!("the result does not depend on {} for autograd", names.join(", "));
        return Err(Failure::new(message));
    }
    let inputs: Vec<Tensor> = leaves.iter().map(|(_, leaf)| leaf.clone()).collect();
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    let gradients = grad(&[total], &inputs, options);
    let mut worst = Worst::default();
    for ((name, leaf), gradient) in leaves.iter().zip(gradients) {
        let numbers = leaf.to_vec::<f64>();
        let found = gradient.map_or_else(|| vec![0.0; numbers.len()], |one| one.to_vec());
        for (place, (x, found)) in numbers.iter().zip(found).enumerate() {
            let step = STEP * x.abs().max(1.0);
            let value = |x: f64| {
                let mut moved = numbers.clone();
                moved[place] = x;
                let moved = leaf.creator().tensor(&moved, &leaf.shape());
                let mut all = leaves.clone();
                all.insert(name, moved);
                no_grad(leaf, || Ok::<_, Failure>(weighted(&function(&all)?).item()))
            };
            let (right, left) = (x + step, x - step);
            let expected = (value(right)? - value(left)?) / (right - left);
            worst.see(found, expected, || format!("{} at {:?}", label(name), index(place, leaf)));
        }
    }
    worst.verdict()
}

fn label(name: &str) -> String {
    if name == INPUT { name.to_owned() } else { format!("`{name}`") }
}

/// The sum of all elements with weights between 1 and 2.
fn weighted(y: &Tensor) -> Tensor {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let weights: Vec<f64> = (1..=y.numel()).map(|i| 1.0 + (i as f64 * golden).fract()).collect();
    (y * y.creator().tensor(&weights, &y.shape())).sum()
}

/// The place of an element in its tensor.
fn index(place: usize, tensor: &Tensor) -> Vec<usize> {
    let mut rest = place;
    let mut index: Vec<usize> = Vec::new();
    for size in tensor.shape().iter().rev() {
        let size = usize::try_from(*size).unwrap_or(1).max(1);
        index.push(rest % size);
        rest /= size;
    }
    index.reverse();
    index
}

/// The derivative that is the furthest off, in units of what is allowed.
#[derive(Default)]
struct Worst {
    ratio: f64,
    message: String,
}

impl Worst {
    fn see(&mut self, found: f64, expected: f64, place: impl FnOnce() -> String) {
        let allowed = TOLERANCE * (1.0 + expected.abs());
        let off = (found - expected).abs();
        let ratio = if off.is_nan() { f64::INFINITY } else { off / allowed };
        if ratio > self.ratio {
            self.ratio = ratio;
            self.message = format!(
                "the gradient to {} is {found:.6}, finite differences give {expected:.6}: {off:.1e} \
                 apart, allowed {allowed:.1e}",
                place()
            );
        }
    }

    fn verdict(self) -> TestResult {
        if self.ratio > 1.0 { Err(Failure::new(self.message)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_told_and_small_differences_are_not() {
        let mut worst = Worst::default();
        worst.see(1.0, 1.0 + 1e-6, || "a".to_owned());
        assert_eq!(worst.verdict(), Ok(()));
        let mut worst = Worst::default();
        for (found, place) in [(1.1, "a"), (1.5, "b"), (0.8, "c")] {
            worst.see(found, 1.0, || place.to_owned());
        }
        assert_eq!(
            worst.verdict().unwrap_err().to_string(),
            "the gradient to b is 1.500000, finite differences give 1.000000: 5.0e-1 apart, allowed \
             2.0e-6"
        );
        let mut worst = Worst::default();
        worst.see(f64::NAN, 1.0, || "a".to_owned());
        assert!(worst.verdict().is_err());
    }
}
