//! Whether a replayed step is the one that operators do.

use tch::{Kind, TchError, Tensor};

use super::snapshot::{Group, Snapshot};
use crate::train::step::StepResult;

/// How far a replay may be off, as a share of what the step changes. Kernels that add up in any
/// order differ by a thousandth in bf16; another batch or other random numbers by everything.
const SHARE: f64 = 0.1;
/// Of the values themselves, for what hardly changes.
const ROUNDING: f64 = 1e-5;
/// Of the loss.
const LOSS: f64 = 1e-2;

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Same,
    /// The weights changed too little, or are no finite numbers.
    Nothing,
}

/// Why the losses are not the same.
pub(super) fn losses(own: &StepResult, replayed: &StepResult, exact: bool) -> Result<(), String> {
    let [own, replayed] = [own, replayed].map(|result| result.loss.double_value(&[]));
    let is_same = match exact {
        true => own.to_bits() == replayed.to_bits(),
        false => (own - replayed).abs() <= LOSS * own.abs() || !own.is_finite(),
    };
    match is_same {
        true => Ok(()),
        false => Err(format!("the replayed loss is {replayed:.6}, and {own:.6} by operators")),
    }
}

/// Whether `replayed` is `own`, the state after a step from `before`; an error says what is not.
pub(super) fn states(
    before: &Snapshot,
    own: &Snapshot,
    replayed: &Snapshot,
    exact: bool,
) -> Result<Found, String> {
    let mut found = Found::Same;
    let groups = before.groups.iter().zip(&own.groups).zip(&replayed.groups);
    for (number, ((before, own), replayed)) in groups.enumerate() {
        let of_group = match exact {
            true => same_bits(own, replayed).map(|()| Found::Same)?,
            false => alike(before, own, replayed)?,
        };
        // The first are the weights.
        if number == 0 {
            found = of_group;
        }
    }
    Ok(found)
}

fn same_bits(own: &Group<Tensor>, replayed: &Group<Tensor>) -> Result<(), String> {
    let bits = |tensor: &Tensor| -> Result<Tensor, TchError> {
        tensor.f_reshape([-1])?.f_view_dtype(Kind::Uint8)
    };
    for (a, b) in own.tensors.iter().zip(&replayed.tensors) {
        let same = bits(a).and_then(|a| a.f_equal(&bits(b)?));
        if !same.map_err(|error| error.to_string())? {
            return Err(format!("the {} after a replay are not those by operators", own.name));
        }
    }
    Ok(())
}

fn alike(
    before: &Group<Tensor>,
    own: &Group<Tensor>,
    replayed: &Group<Tensor>,
) -> Result<Found, String> {
    let (mut apart, mut step, mut size) = (0.0, 0.0, 0.0);
    let all = before.tensors.iter().zip(&own.tensors).zip(&replayed.tensors);
    for ((before, own), replayed) in all {
        let floats = |tensor: &Tensor| tensor.to_kind(Kind::Double);
        let [before, own, replayed] = [before, own, replayed].map(floats);
        apart += squares(&(replayed - &own));
        step += squares(&(&own - before));
        size += squares(&own);
    }
    let (apart, step, size) = (f64::sqrt(apart), f64::sqrt(step), f64::sqrt(size));
    if !step.is_finite() {
        // A training that has diverged shows that elsewhere.
        return Ok(Found::Nothing);
    }
    let rounding = ROUNDING * size;
    let is_within = apart <= SHARE * step + rounding;
    match is_within {
        true if step > rounding => Ok(Found::Same),
        true => Ok(Found::Nothing),
        false => {
            let (name, share) = (own.name, 100.0 * apart / step);
            Err(format!("the {name} after a replay are off by {share:.0} % of the step"))
        }
    }
}

fn squares(tensor: &Tensor) -> f64 {
    tensor.square().sum(Kind::Double).double_value(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(weights: &[f32], count: i64) -> Snapshot {
        let (weights, count) = (Tensor::from_slice(weights), Tensor::from(count));
        let group = |name, tensor| Group { name, tensors: vec![tensor] };
        Snapshot { groups: vec![group("weights", weights), group("buffers", count)] }
    }

    fn found(replayed: &Snapshot, exact: bool) -> Result<Found, String> {
        states(&snapshot(&[1.0, 2.0], 1), &snapshot(&[1.0, 3.0], 2), replayed, exact)
    }

    #[test]
    fn small_differences_are_those_of_sums() {
        assert_eq!(found(&snapshot(&[1.0, 3.0], 2), true), Ok(Found::Same));
        assert_eq!(found(&snapshot(&[1.0, 3.09], 2), false), Ok(Found::Same));
        assert!(found(&snapshot(&[1.0, 3.000_001], 2), true).is_err());
        let text = found(&snapshot(&[1.0, 2.0], 2), false).unwrap_err();
        assert_eq!(text, "the weights after a replay are off by 100 % of the step");
        assert!(found(&snapshot(&[1.0, f32::NAN], 2), false).is_err());
        let text = found(&snapshot(&[1.0, 3.0], 1), false).unwrap_err();
        assert_eq!(text, "the buffers after a replay are off by 100 % of the step");
        let text = found(&snapshot(&[1.0, 3.0], 1), true).unwrap_err();
        assert_eq!(text, "the buffers after a replay are not those by operators");
    }

    #[test]
    fn what_does_not_move_or_has_diverged_proves_nothing() {
        let (still, wild) = (snapshot(&[1.0, 2.0], 2), snapshot(&[f32::NAN, f32::INFINITY], 2));
        assert_eq!(states(&still, &still, &still, false), Ok(Found::Nothing));
        assert_eq!(states(&still, &wild, &wild, false), Ok(Found::Nothing));
        assert_eq!(states(&still, &wild, &wild, true), Ok(Found::Same));
        assert!(states(&still, &wild, &still, true).is_err());
        let loss = |value: f64| StepResult { loss: Tensor::from(value), correct: Tensor::from(0) };
        for (own, replayed, exact, is_same) in [
            (f64::NAN, f64::NAN, true, true),
            (f64::NAN, 1.0, false, true),
            (1.0, f64::NAN, false, false),
            (1.0, 1.001, false, true),
            (1.0, 1.001, true, false),
            (1.0, 2.0, false, false),
        ] {
            let found = losses(&loss(own), &loss(replayed), exact);
            assert_eq!(found.is_ok(), is_same, "{own} {replayed}");
        }
    }
}
