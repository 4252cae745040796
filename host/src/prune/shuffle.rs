//! Controls: masks with the same number of weights in other places.

use tch::{Device, Tensor};

use super::masks::Masks;
use crate::config::MaskControl;
use crate::random::Stream;

/// The mask as the control wants it.
///
/// # Errors
///
/// What libtorch says.
pub fn shuffled(masks: Masks, control: MaskControl, seed: u64) -> Result<Masks, tch::TchError> {
    match control {
        MaskControl::Own => Ok(masks),
        MaskControl::ShuffledLayerwise => {
            let mut all = Vec::new();
            for (name, mask) in masks.iter() {
                let flat = permuted(&flat(mask)?, seed, name);
                all.push((name.to_owned(), like(mask, &flat)?));
            }
            Ok(Masks::from_tensors(all))
        }
        MaskControl::ShuffledGlobal => {
            let mut joined = Vec::new();
            for (_, mask) in masks.iter() {
                joined.extend(flat(mask)?);
            }
            let joined = permuted(&joined, seed, "*");
            let mut rest = joined.as_slice();
            let mut all = Vec::new();
            for (name, mask) in masks.iter() {
                let (part, after) = rest.split_at(mask.numel());
                rest = after;
                all.push((name.to_owned(), like(mask, part)?));
            }
            Ok(Masks::from_tensors(all))
        }
    }
}

fn flat(mask: &Tensor) -> Result<Vec<bool>, tch::TchError> {
    Vec::try_from(mask.f_to_device(Device::Cpu)?.f_reshape([-1])?)
}

fn like(mask: &Tensor, values: &[bool]) -> Result<Tensor, tch::TchError> {
    Tensor::f_from_slice(values)?.f_reshape(mask.size())?.f_to_device(mask.device())
}

fn permuted(values: &[bool], seed: u64, name: &str) -> Vec<bool> {
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let order = Stream::new(seed, &format!("mask shuffle/{name}"), 0, 0).permutation(count);
    order.into_iter().map(|place| values[place as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks() -> Masks {
        let mask = |kept: usize, of: usize| {
            Tensor::from_slice(&(0..of).map(|i| i < kept).collect::<Vec<_>>())
        };
        Masks::from_tensors([("a".to_owned(), mask(10, 100)), ("b".to_owned(), mask(90, 100))])
    }

    #[test]
    fn layerwise_keeps_each_layers_count() {
        let found = shuffled(masks(), MaskControl::ShuffledLayerwise, 1).unwrap();
        let counts: Vec<_> = found.kept_by_name().into_values().collect();
        assert_eq!(counts, [10, 90]);
        assert!(!found.get("a").unwrap().equal(masks().get("a").unwrap()));
    }

    #[test]
    fn global_keeps_the_sum_alone() {
        let found = shuffled(masks(), MaskControl::ShuffledGlobal, 1).unwrap();
        assert_eq!(found.kept(), 100);
        let first = found.kept_by_name()["a"];
        assert!((30..70).contains(&first), "{first}"); // 50 ± 4 s.d. of 5
    }
}
