//! A difference between two recipes, and what may be said of it: paired by seed, with a t test, and
//! corrected for how many are looked at together.

use super::stats::{Estimate, Spread, p_value};

/// Below this, differences that only rounding keeps apart are equal: one image of a hundred million.
const EQUAL: f64 = 1e-9;

/// The level of all tests: that of the 95 % intervals.
const ALPHA: f64 = 0.05;

/// Paired differences over seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// By seed.
    pub pairs: Vec<(u64, f64)>,
    /// Over `pairs`.
    pub estimate: Estimate,
    /// Two-sided, of the t test that the mean is zero. `None`: one pair, or all pairs equal, which
    /// has no spread to judge by.
    pub p: Option<f64>,
    /// `p` after [`correct`].
    pub corrected: Option<f64>,
    /// Whether it was declared before: it is then tested alone.
    pub primary: bool,
}

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No spread is known: one pair, or equal ones.
    NoInterval,
    /// The whole interval is above zero, also after correction.
    Above,
    /// The whole interval is below zero, also after correction.
    Below,
    /// Zero lies inside the interval.
    Indistinct,
    /// The interval by itself excludes zero; among so many that is no surprise.
    Uncorrected,
}

impl Difference {
    /// `None` without pairs.
    pub fn of(pairs: Vec<(u64, f64)>) -> Option<Self> {
        let values: Vec<f64> = pairs.iter().map(|(_, value)| *value).collect();
        let estimate = Estimate::of(&values)?;
        let judged = |spread: &Spread| spread.sd > EQUAL;
        let p = estimate.spread.filter(judged).map(|spread| p_value(&estimate, &spread));
        Some(Self { pairs, estimate, p, corrected: p, primary: false })
    }

    pub fn verdict(&self) -> Verdict {
        let (Some((low, high)), Some(p)) = (self.estimate.interval(), self.corrected) else {
            return Verdict::NoInterval;
        };
        match (low > 0.0, high < 0.0) {
            (false, false) => Verdict::Indistinct,
            _ if p >= ALPHA => Verdict::Uncorrected,
            (true, _) => Verdict::Above,
            (_, true) => Verdict::Below,
        }
    }
}

/// Corrects all differences of a family but the primary one by Holm's method: the chance that any
/// of them is called better or worse without being so is at most 5 %. Returns how many it
/// corrected.
pub fn correct<'d>(family: impl Iterator<Item = &'d mut Difference>) -> usize {
    let mut tested: Vec<&mut Difference> =
        family.filter(|one| !one.primary && one.p.is_some()).collect();
    let ps: Vec<f64> = tested.iter().filter_map(|one| one.p).collect();
    for (one, p) in tested.iter_mut().zip(holm(&ps)) {
        one.corrected = Some(p);
    }
    tested.len()
}

/// Holm's step-down correction (1979): of m values the k-th smallest (from 0) is multiplied by
/// m − k, and none becomes smaller than one before it.
fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|a, b| ps[*a].total_cmp(&ps[*b]));
    let mut out = vec![1.0; ps.len()];
    let mut largest: f64 = 0.0;
    for (rank, place) in order.into_iter().enumerate() {
        largest = largest.max(ps[place] * (ps.len() - rank) as f64).min(1.0);
        out[place] = largest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    fn of(values: &[f64]) -> Difference {
        Difference::of((0..).zip(values.iter().copied()).collect()).unwrap()
    }

    /// As R's `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")`: 0.005·4, 0.01·3, 0.03·2, and 0.04·1,
    /// which must not be smaller than the one before.
    #[test]
    fn four_values_by_hand() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            close(*found, expected, 1e-15);
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn a_t_test_by_hand() {
        // Mean 1, s.d. 0.1: t = 1 / (0.1 / √3) = 17.3205. With two degrees of freedom
        // p = 1 − t/√(t² + 2) = 1 − √(300/302).
        close(of(&[0.9, 1.0, 1.1]).p.unwrap(), 1.0 - (300.0f64 / 302.0).sqrt(), 1e-12);
        // t = 1.7320508, p = 1 − √(3/5).
        close(of(&[0.0, 1.0, 2.0]).p.unwrap(), 1.0 - 0.6f64.sqrt(), 1e-12);
    }

    #[test]
    fn verdicts_need_the_whole_interval_on_one_side() {
        // Half width 4.303·0.1/√3 = 0.25.
        assert_eq!(of(&[0.9, 1.0, 1.1]).verdict(), Verdict::Above);
        assert_eq!(of(&[-0.9, -1.0, -1.1]).verdict(), Verdict::Below);
        // Half width 2.48.
        assert_eq!(of(&[0.0, 1.0, 2.0]).verdict(), Verdict::Indistinct);
        assert_eq!(of(&[0.5]).verdict(), Verdict::NoInterval);
        // Equal but for rounding: on a small test set that happens by chance.
        assert_eq!(of(&[0.61 - 0.60, 0.63 - 0.62]).verdict(), Verdict::NoInterval);
        assert_eq!(Difference::of(vec![]), None);
    }

    #[test]
    fn among_many_less_is_said_and_the_primary_stands_alone() {
        // p = 0.00333 each; times 16 it is 0.053.
        let clear = || of(&[0.9, 1.0, 1.1]);
        let mut family: Vec<Difference> = (0..16).map(|_| clear()).collect();
        assert_eq!(correct(family.iter_mut()), 16);
        assert!(family.iter().all(|one| one.verdict() == Verdict::Uncorrected));
        family[3] = Difference { primary: true, ..clear() };
        family.push(of(&[0.5]));
        assert_eq!(correct(family.iter_mut()), 15, "neither the primary nor a single pair");
        assert!(family[..16].iter().all(|one| one.verdict() == Verdict::Above));
    }
}
