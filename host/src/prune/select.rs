//! Scores → mask: the highest scores over all layers are kept.

use tch::{Device, Kind, Tensor};

use super::error::PruneError;
use super::masks::Masks;

/// The mask that keeps the `keep` weights with the highest scores among those that `masks` keeps.
/// Of equal scores, the one that comes first (in state-dict order, then row-major) is kept.
///
/// # Errors
///
/// A score that is missing, of another shape, or NaN; in words.
pub fn highest(
    masks: &Masks,
    names: &[String],
    scores: &[(String, Tensor)],
    keep: u64,
) -> Result<Masks, SelectError> {
    let mut candidates: Vec<(f64, u64)> = Vec::new();
    let mut flat_masks = Vec::with_capacity(names.len());
    let mut position = 0_u64;
    for name in names {
        let mask = masks.get(name).ok_or_else(|| fail(name, "has no mask"))?;
        let score = scores.iter().find(|(known, _)| known == name);
        let score = &score.ok_or_else(|| fail(name, "got no score"))?.1;
        if score.size() != mask.size() {
            let message = format!("has shape {:?}, its score {:?}", mask.size(), score.size());
            return Err(fail(name, &message));
        }
        let kept = Vec::<bool>::try_from(mask.to_device(Device::Cpu).reshape([-1]))?;
        let score = score.detach().to_device(Device::Cpu).to_kind(Kind::Double).reshape([-1]);
        for (is_kept, value) in kept.iter().zip(Vec::<f64>::try_from(score)?) {
            if *is_kept && value.is_nan() {
                return Err(fail(name, "has a score that is NaN"));
            }
            if *is_kept {
                // −0.0 + 0.0 is 0.0: the two must count as equal.
                candidates.push((value + 0.0, position));
            }
            position += 1;
        }
        flat_masks.push(vec![false; kept.len()]);
    }
    let keep = usize::try_from(keep).unwrap_or(usize::MAX).min(candidates.len());
    if keep < candidates.len() && keep > 0 {
        candidates.select_nth_unstable_by(keep - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    candidates.truncate(keep);
    mark(&mut flat_masks, candidates.iter().map(|(_, position)| *position));
    let tensors = names.iter().zip(flat_masks).filter_map(|(name, flat)| {
        let old = masks.get(name)?;
        let mask = Tensor::from_slice(&flat).reshape(old.size()).to_device(old.device());
        Some((name.clone(), mask))
    });
    Ok(Masks::from_tensors(tensors))
}

/// Sets the entries at positions that count through all masks.
fn mark(masks: &mut [Vec<bool>], positions: impl Iterator<Item = u64>) {
    let mut starts = Vec::with_capacity(masks.len());
    let mut start = 0;
    for mask in masks.iter() {
        starts.push(start);
        start += mask.len() as u64;
    }
    for position in positions {
        let layer = starts.partition_point(|&start| start <= position) - 1;
        masks[layer][(position - starts[layer]) as usize] = true;
    }
}

/// Scores that no mask can be made of.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    #[error("`{name}` {message}")]
    Scores { name: String, message: String },
    #[error("a tensor operation failed: {0}")]
    Torch(#[from] tch::TchError),
}

impl SelectError {
    /// As the error of the score item that gave the scores.
    pub fn of(self, score: &crate::plugin::kinds::Score) -> PruneError {
        match self {
            Self::Torch(error) => error.into(),
            scores => score.error(scores.to_string()).into(),
        }
    }
}

fn fail(name: &str, message: &str) -> SelectError {
    SelectError::Scores { name: name.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["a".to_owned(), "b".to_owned()]
    }

    fn dense() -> Masks {
        let ones = |n: i64| Tensor::ones([n], (Kind::Bool, Device::Cpu));
        Masks::from_tensors([("a".to_owned(), ones(3)), ("b".to_owned(), ones(2))])
    }

    fn scores(a: &[f64], b: &[f64]) -> Vec<(String, Tensor)> {
        vec![("a".to_owned(), Tensor::from_slice(a)), ("b".to_owned(), Tensor::from_slice(b))]
    }

    fn bits(masks: &Masks) -> Vec<Vec<bool>> {
        masks.iter().map(|(_, mask)| Vec::try_from(mask.shallow_clone()).unwrap()).collect()
    }

    #[test]
    fn the_highest_over_all_layers_are_kept() {
        let found = highest(&dense(), &names(), &scores(&[0.1, 5.0, 2.0], &[3.0, 0.2]), 2).unwrap();
        assert_eq!(bits(&found), [vec![false, true, false], vec![true, false]]);
        assert_eq!(found.kept(), 2);
    }

    #[test]
    fn the_first_of_equals_is_kept() {
        let found = highest(&dense(), &names(), &scores(&[1.0, 1.0, 1.0], &[1.0, 1.0]), 3).unwrap();
        assert_eq!(bits(&found), [vec![true, true, true], vec![false, false]]);
        let found =
            highest(&dense(), &names(), &scores(&[-0.0, 0.0, -0.0], &[0.0, 0.0]), 2).unwrap();
        assert_eq!(bits(&found), [vec![true, true, false], vec![false, false]]);
    }

    #[test]
    fn what_is_pruned_never_returns() {
        let first = highest(&dense(), &names(), &scores(&[0.0, 1.0, 2.0], &[3.0, 4.0]), 4).unwrap();
        let next = highest(&first, &names(), &scores(&[9.0, 1.0, 0.0], &[0.5, 0.6]), 2).unwrap();
        assert_eq!(bits(&next), [vec![false, true, false], vec![false, true]]);
    }

    #[test]
    fn bad_scores_are_named() {
        let say = |scores: Vec<(String, Tensor)>| {
            highest(&dense(), &names(), &scores, 1).unwrap_err().to_string()
        };
        assert_eq!(say(scores(&[0.0, f64::NAN, 0.0], &[0.0, 0.0])), "`a` has a score that is NaN");
        assert_eq!(say(scores(&[0.0; 3], &[0.0; 4])), "`b` has shape [2], its score [4]");
        let only_a = scores(&[0.0; 3], &[]).into_iter().take(1).collect();
        assert_eq!(say(only_a), "`b` got no score");
    }
}
