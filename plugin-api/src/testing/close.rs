//! Comparing numbers.

use crate::tensor::Tensor;

/// What can be compared with numbers: tensors (row by row), slices, vectors, arrays, one number.
pub trait Numbers {
    /// The numbers, in row-major order.
    fn numbers(&self) -> Vec<f64>;
}

impl Numbers for Tensor {
    fn numbers(&self) -> Vec<f64> {
        self.to_vec()
    }
}

impl Numbers for [f64] {
    fn numbers(&self) -> Vec<f64> {
        self.to_vec()
    }
}

impl Numbers for Vec<f64> {
    fn numbers(&self) -> Vec<f64> {
        self.clone()
    }
}

impl<const N: usize> Numbers for [f64; N] {
    fn numbers(&self) -> Vec<f64> {
        self.to_vec()
    }
}

impl Numbers for f64 {
    fn numbers(&self) -> Vec<f64> {
        vec![*self]
    }
}

/// Fails the test unless all numbers are there and each is within `tolerance` of what is expected.
/// A NaN is close to nothing, an infinity to itself alone.
///
/// # Panics
///
/// Says the worst of them, and where it is.
#[track_caller]
pub fn assert_close<A: Numbers + ?Sized, B: Numbers + ?Sized>(
    found: &A,
    expected: &B,
    tolerance: f64,
) {
    let (found, expected) = (found.numbers(), expected.numbers());
    assert_eq!(found.len(), expected.len(), "as many numbers: {found:?}, expected {expected:?}");
    let off = |(a, b): (&f64, &f64)| match a == b {
        true => 0.0,
        false if (a - b).is_nan() => f64::INFINITY,
        false => (a - b).abs(),
    };
    let all = found.iter().zip(&expected).map(off).enumerate();
    if let Some((place, worst)) = all.max_by(|a, b| a.1.total_cmp(&b.1)) {
        assert!(
            worst <= tolerance,
            "element {place} is {}, expected {}: {worst:e} apart, allowed {tolerance:e}\n   \
             found {found:?}\nexpected {expected:?}",
            found[place],
            expected[place],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(found: &[f64], expected: &[f64]) -> Option<String> {
        let run = || assert_close(found, expected, 0.1);
        let payload = std::panic::catch_unwind(run).err()?;
        payload.downcast_ref::<String>().cloned()
    }

    #[test]
    fn the_worst_element_is_named() {
        assert_eq!(complaint(&[1.0, 2.05], &[1.0, 2.0]), None);
        assert_eq!(complaint(&[f64::INFINITY], &[f64::INFINITY]), None);
        let text = complaint(&[1.25, 2.5, 0.0], &[1.0, 2.0, 0.0]).unwrap();
        assert!(
            text.starts_with("element 1 is 2.5, expected 2: 5e-1 apart, allowed 1e-1\n"),
            "{text}"
        );
    }

    #[test]
    fn nan_and_missing_numbers_are_never_close() {
        assert!(complaint(&[f64::NAN], &[f64::NAN]).is_some());
        assert!(complaint(&[f64::INFINITY], &[f64::NEG_INFINITY]).is_some());
        assert!(complaint(&[1.0], &[1.0, 1.0]).unwrap().contains("as many numbers"));
    }
}
