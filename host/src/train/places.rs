//! The kept weights of the layers that run on sparse kernels: an optimizer's step over these alone
//! is one over all weights, since pruned ones and their moments are +0.0 and stay so.

use std::collections::BTreeMap;

use tch::Tensor;

use super::error::TrainError;
use crate::torch::version::count_write;
use crate::torch::{OpError, numbers};

/// Places of kept weights in their tensors (row-major), by the parameter's name.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<String, Vec<u32>>);

impl Places {
    /// Those of bool masks.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn of<'a>(
        masks: impl Iterator<Item = (&'a str, &'a Tensor)>,
    ) -> Result<Self, tch::TchError> {
        let place = |(name, mask): (&str, &Tensor)| {
            let flags: Vec<bool> = Vec::try_from(mask.f_flatten(0, -1)?)?;
            let kept = (0..).zip(flags).filter(|(_, kept)| *kept).map(|(place, _)| place);
            Ok((name.to_owned(), kept.collect()))
        };
        Ok(Self(masks.map(place).collect::<Result<_, tch::TchError>>()?))
    }

    /// Where the kept weights of a parameter lie, if it is one of these.
    pub fn get(&self, name: &str) -> Option<&[u32]> {
        self.0.get(name).map(Vec::as_slice)
    }
}

/// The numbers at these places, one after the other.
///
/// # Errors
///
/// A tensor that is not plain f32.
pub fn gather(places: &[u32], from: &Tensor) -> Result<Tensor, TrainError> {
    let from = numbers::of(from)?;
    let count = places.len() as i64;
    Ok(numbers::filled(&[count], |to| {
        for (to, &place) in to.iter_mut().zip(places) {
            *to = from[place as usize];
        }
        Ok::<_, OpError>(())
    })?)
}

/// Puts them back there.
///
/// # Errors
///
/// As [`gather`].
pub fn scatter(places: &[u32], from: &Tensor, to: &Tensor) -> Result<(), TrainError> {
    let mut to = to.detach();
    let from = numbers::of(from)?;
    let all = numbers::of_mut(&mut to)?;
    for (&from, &place) in from.iter().zip(places) {
        all[place as usize] = from;
    }
    count_write(&to)?;
    Ok(())
}
