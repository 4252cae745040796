//! Whether a replayed step is the one that operators do.

use tch::{Kind, Tensor};

use super::snapshot::Snapshot;
use crate::train::step::StepResult;

/// How far a replay may be off, as a share of what the step changes. Kernels that add up in any
/// order differ by a thousandth in bf16; another batch or other random numbers by everything.
const SHARE: f64 = 0.1;
/// Of the values themselves, for what hardly changes.
const ROUNDING: f64 = 1e-5;
/// Of the loss.
const LOSS: f64 = 1e-2;

/// Why the losses are not the same.
pub(super) fn losses(own: &StepResult, replayed: &StepResult, exact: bool) -> Result<(), String> {
    let [own, replayed] = [own, replayed].map(|result| result.loss.double_value(&[]));
    let is_same = match exact {
        true => own.to_bits() == replayed.to_bits() || own.is_nan() && replayed.is_nan(),
        false => (own - replayed).abs() <= LOSS * own.abs() || !own.is_finite(),
    };
    match is_same {
        true => Ok(()),
        false => Err(format!("the replayed loss is {replayed:.6}, and {own:.6} by operators")),
    }
}

/// Why the states are not the same after a step from `before`.
pub(super) fn states(
    before: &Snapshot,
    own: &Snapshot,
    replayed: &Snapshot,
    exact: bool,
) -> Result<(), String> {
    let groups = before.groups.iter().zip(&own.groups).zip(&replayed.groups);
    for (((name, before), (_, own)), (_, replayed)) in groups {
        let of = |place: usize| (&before[place], &own[place], &replayed[place]);
        let places = (0..own.len()).map(of);
        if exact || places.clone().any(|(_, own, _)| !own.is_floating_point()) {
            let differs = |own: &Tensor, replayed: &Tensor| {
                (exact || !own.is_floating_point()) && !own.equal(replayed) && !has_nan(own)
            };
            if places.clone().any(|(_, own, replayed)| differs(own, replayed)) {
                return Err(format!("the {name} after a replay are not those by operators"));
            }
        }
        let (mut apart, mut step, mut size) = (0.0, 0.0, 0.0);
        for (before, own, replayed) in places.filter(|(_, own, _)| own.is_floating_point()) {
            apart += squares(&(replayed - own));
            step += squares(&(own - before));
            size += squares(own);
        }
        let (apart, step, size) = (f64::sqrt(apart), f64::sqrt(step), f64::sqrt(size));
        let is_within = apart <= SHARE * step + ROUNDING * size;
        // A training that has diverged shows that elsewhere.
        if step.is_finite() && !is_within {
            let share = 100.0 * apart / step;
            return Err(format!("the {name} after a replay are off by {share:.0} % of the step"));
        }
    }
    Ok(())
}

fn squares(tensor: &Tensor) -> f64 {
    tensor.square().sum(Kind::Double).double_value(&[])
}

fn has_nan(tensor: &Tensor) -> bool {
    tensor.is_floating_point() && tensor.isnan().any().int64_value(&[]) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(weights: &[f32], count: i64) -> Snapshot {
        let (weights, count) = (Tensor::from_slice(weights), Tensor::from(count));
        Snapshot {
            groups: [("weights", vec![weights]), ("buffers", vec![count]), ("moments", vec![])],
        }
    }

    fn apart(replayed: &Snapshot, exact: bool) -> Result<(), String> {
        states(&snapshot(&[1.0, 2.0], 1), &snapshot(&[1.0, 3.0], 2), replayed, exact)
    }

    #[test]
    fn small_differences_are_those_of_sums() {
        assert_eq!(apart(&snapshot(&[1.0, 3.0], 2), true), Ok(()));
        assert_eq!(apart(&snapshot(&[1.0, 3.09], 2), false), Ok(()));
        assert!(apart(&snapshot(&[1.0, 3.000_001], 2), true).is_err());
        let text = apart(&snapshot(&[1.0, 2.0], 2), false).unwrap_err();
        assert_eq!(text, "the weights after a replay are off by 100 % of the step");
        assert!(apart(&snapshot(&[1.0, f32::NAN], 2), false).is_err());
        let text = apart(&snapshot(&[1.0, 3.0], 1), false).unwrap_err();
        assert_eq!(text, "the buffers after a replay are not those by operators");
    }

    #[test]
    fn what_has_diverged_is_no_ones_fault() {
        let wild = snapshot(&[f32::NAN, f32::INFINITY], 2);
        for exact in [true, false] {
            assert_eq!(states(&snapshot(&[1.0, 2.0], 2), &wild, &wild, exact), Ok(()), "{exact}");
        }
        let loss = |value: f64| StepResult { loss: Tensor::from(value), correct: Tensor::from(0) };
        assert_eq!(losses(&loss(f64::NAN), &loss(f64::NAN), true), Ok(()));
        assert_eq!(losses(&loss(1.0), &loss(1.001), false), Ok(()));
        assert!(losses(&loss(1.0), &loss(1.001), true).is_err());
        assert!(losses(&loss(1.0), &loss(2.0), false).is_err());
    }
}
