//! How far two results are apart.

use crate::formula::{distance, projections};

/// Tensors' numbers by name.
pub type Named = Vec<(String, Vec<f64>)>;

/// The measure of all comparisons by name: ‖x − x*‖ / (‖x*‖ + 1e-3·‖all x*‖).
#[derive(Debug, Default)]
pub struct Worst {
    name: String,
    ratio: f64,
}

impl Worst {
    /// Takes a tensor's measure; not `f64::max`, which would forget a NaN.
    fn take(&mut self, name: &str, ratio: f64) {
        if ratio > self.ratio || ratio.is_nan() {
            *self = Self { name: name.to_owned(), ratio };
        }
    }

    /// The worse of two.
    pub fn and(mut self, other: Self) -> Self {
        self.take(&other.name, other.ratio);
        self
    }

    /// Fails if it is above the tolerance, or is not a number.
    #[track_caller]
    pub fn within(self, tolerance: f64, what: &str) {
        println!("{what}: at most {:.1e} (tolerance {tolerance:.0e})", self.ratio);
        assert!(self.ratio <= tolerance, "{what}: {} deviates by {:e}", self.name, self.ratio);
    }
}

/// Tensors against the stored projections, a row for each. Norms are those of ours, which the
/// projections of a right result do not change by more than the tolerance.
#[track_caller]
pub fn projected(ours: &[(String, Vec<f64>)], rows: &[Vec<f64>]) -> Worst {
    assert_eq!(ours.len(), rows.len(), "another number of tensors than stored");
    let all = norm(ours.iter().flat_map(|(_, values)| values));
    let mut worst = Worst::default();
    for ((name, values), row) in ours.iter().zip(rows) {
        let difference = distance(&projections(name, values), row);
        worst.take(name, difference / (norm(values) + 1e-3 * all));
    }
    worst
}

/// What is stored of tensors: a row of projections for each.
pub fn rows(tensors: &[(String, Vec<f64>)]) -> Vec<Vec<f64>> {
    tensors.iter().map(|(name, values)| projections(name, values).to_vec()).collect()
}

/// After minus before, number by number.
#[track_caller]
pub fn change(before: &[(String, Vec<f64>)], after: &[(String, Vec<f64>)]) -> Named {
    assert_eq!(before.len(), after.len());
    let pairs = before.iter().zip(after);
    pairs.map(|((_, a), (name, b))| (name.clone(), minus(a, b))).collect()
}

/// The projections of the change, which are the change of the projections.
#[track_caller]
pub fn change_of_rows(before: &[Vec<f64>], after: &[Vec<f64>]) -> Vec<Vec<f64>> {
    assert_eq!(before.len(), after.len());
    before.iter().zip(after).map(|(a, b)| minus(a, b)).collect()
}

#[track_caller]
fn minus(before: &[f64], after: &[f64]) -> Vec<f64> {
    assert_eq!(before.len(), after.len());
    before.iter().zip(after).map(|(a, b)| b - a).collect()
}

/// Tensors against whole stored ones, joined.
#[track_caller]
pub fn whole(ours: &[(String, Vec<f64>)], joined: &[f64]) -> Worst {
    let all = norm(joined);
    let mut worst = Worst::default();
    let mut rest = joined;
    for (name, values) in ours {
        let theirs;
        (theirs, rest) = rest.split_at(values.len());
        let difference = norm(&values.iter().zip(theirs).map(|(a, b)| a - b).collect::<Vec<_>>());
        worst.take(name, difference / (norm(theirs) + 1e-3 * all));
    }
    assert!(rest.is_empty(), "fewer numbers than stored");
    worst
}

/// The largest |a − b|.
#[track_caller]
pub fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    largest(ours, theirs, |_| 1.0)
}

/// The largest |a − b| / max(1, |b|).
#[track_caller]
pub fn deviation(ours: &[f64], theirs: &[f64]) -> f64 {
    largest(ours, theirs, |b| b.abs().max(1.0))
}

#[track_caller]
fn largest(ours: &[f64], theirs: &[f64], unit: impl Fn(f64) -> f64) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let mut worst = Worst::default();
    for (&a, &b) in ours.iter().zip(theirs) {
        worst.take("", (a - b).abs() / unit(b));
    }
    worst.ratio
}

fn norm<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().map(|x| x * x).sum::<f64>().sqrt()
}

mod tests {
    use super::*;

    #[test]
    fn a_deviation_and_a_nan_are_seen() {
        let named = |values: &[f64]| vec![("a".to_owned(), values.to_vec())];
        assert!(whole(&named(&[3.0, 4.0]), &[3.0, 4.0]).ratio == 0.0);
        let off = whole(&named(&[3.0, 4.5]), &[3.0, 4.0]).ratio;
        assert!((off - 0.5 / 5.005).abs() < 1e-15, "{off}");
        assert!(whole(&named(&[3.0, f64::NAN]), &[3.0, 4.0]).ratio.is_nan());
        let row = projections("a", &[3.0, 4.0]).to_vec();
        assert!(projected(&named(&[3.0, 4.0]), std::slice::from_ref(&row)).ratio == 0.0);
        assert!(projected(&named(&[3.0, 4.5]), &[row]).ratio > 0.03);
        assert!(deviation(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
        assert_eq!(deviation(&[1.5, 10.0], &[1.0, 8.0]), 0.5);
        assert_eq!(difference(&[1.5, 10.0], &[1.0, 8.0]), 2.0);
    }

    #[test]
    #[should_panic(expected = "a deviates by NaN")]
    fn nan_is_not_within_anything() {
        Worst { name: "a".to_owned(), ratio: f64::NAN }.and(Worst::default()).within(1.0, "it");
    }
}
