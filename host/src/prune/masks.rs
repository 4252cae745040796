//! Masks by parameter name.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Kind, Tensor};

use super::error::PruneError;
use crate::model::Network;
use crate::model::state::{self, State};

/// A bool tensor, true where a weight is kept, for each parameter that a draw prunes. Parameters
/// without one are dense. Empty: the dense network of no draw.
#[derive(Debug, Default)]
pub struct Masks(BTreeMap<String, Tensor>);

impl Masks {
    /// No parameter is masked.
    pub fn none() -> Self {
        Self::default()
    }

    /// All weights of the parameters of those names are kept.
    pub fn dense(network: &Network, names: &[String]) -> Self {
        let ones = |name: &String| {
            let tensor = &network.parameter(name)?.tensor;
            Some((name.clone(), Tensor::ones(tensor.size(), (Kind::Bool, tensor.device()))))
        };
        Self(names.iter().filter_map(ones).collect())
    }

    /// What stored weights show of their masks: pruned weights are zero.
    pub fn of_zeros(network: &Network) -> Self {
        let prunable = network.parameters().iter().filter(|parameter| parameter.prunable);
        prunable.map(|p| (p.name.clone(), p.tensor.detach().ne(0.0))).collect()
    }

    /// From bool tensors.
    pub fn from_tensors(tensors: impl IntoIterator<Item = (String, Tensor)>) -> Self {
        tensors.into_iter().collect()
    }

    /// The same tensors once more; nobody changes them in place.
    pub fn shallow_clone(&self) -> Self {
        self.iter().map(|(name, mask)| (name.to_owned(), mask.shallow_clone())).collect()
    }

    /// Adds or replaces a mask.
    pub fn insert(&mut self, name: String, mask: Tensor) {
        self.0.insert(name, mask);
    }

    /// Reads a mask file and checks it against the network.
    ///
    /// # Errors
    ///
    /// A mask for a parameter that the network does not have, of another shape or dtype.
    pub fn read(path: &Path, network: &Network) -> Result<Self, PruneError> {
        Self::from_state(state::read(path)?, path, network)
    }

    /// As [`Masks::read`], of a file that was read already.
    ///
    /// # Errors
    ///
    /// As [`Masks::read`].
    pub fn from_state(state: State, path: &Path, network: &Network) -> Result<Self, PruneError> {
        let fail = |message: String| PruneError::MaskFile { path: path.to_owned(), message };
        let mut masks = BTreeMap::new();
        for (name, mask) in state {
            let parameter = network
                .parameter(&name)
                .ok_or_else(|| fail(format!("the network has no parameter `{name}`")))?;
            if mask.kind() != Kind::Bool || mask.size() != parameter.tensor.size() {
                return Err(fail(format!(
                    "the mask of `{name}` is {:?} {:?}; the weight has shape {:?}",
                    mask.kind(),
                    mask.size(),
                    parameter.tensor.size()
                )));
            }
            masks.insert(name, mask.f_to_device(network.device())?);
        }
        Ok(Self(masks))
    }

    /// As stored: bool tensors under the weights' names.
    pub fn state(&self) -> State {
        self.0.iter().map(|(name, mask)| (name.clone(), mask.shallow_clone())).collect()
    }

    /// The mask of a parameter.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    /// All masks, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, mask)| (name.as_str(), mask))
    }

    /// The number of kept weights of each masked parameter.
    pub fn kept_by_name(&self) -> BTreeMap<String, u64> {
        let kept = |mask: &Tensor| mask.sum(Kind::Int64).int64_value(&[]).unsigned_abs();
        self.0.iter().map(|(name, mask)| (name.clone(), kept(mask))).collect()
    }

    /// The number of kept weights.
    pub fn kept(&self) -> u64 {
        self.kept_by_name().values().sum()
    }

    /// The number of weights that are masked at all.
    pub fn total(&self) -> u64 {
        self.0.values().map(|mask| mask.numel() as u64).sum()
    }

    /// Sets every pruned weight of the network to +0.0.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn apply(&self, network: &Network) -> Result<(), PruneError> {
        for (name, mask) in &self.0 {
            if let Some(parameter) = network.parameter(name) {
                let tensor = parameter.tensor.detach();
                tensor.shallow_clone().f_copy_(&keep(mask, &tensor)?)?;
            }
        }
        Ok(())
    }
}

impl FromIterator<(String, Tensor)> for Masks {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(tensors: I) -> Self {
        Self(tensors.into_iter().collect())
    }
}

/// `where(mask, x, +0.0)`: a product would leave −0.0, and NaN from infinities.
///
/// # Errors
///
/// What libtorch says.
pub fn keep(mask: &Tensor, x: &Tensor) -> Result<Tensor, tch::TchError> {
    x.f_where_scalarother(mask, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pruned_values_become_plus_zero() {
        let mask = Tensor::from_slice(&[true, false, false, false]);
        let x = Tensor::from_slice(&[-1.0_f32, -2.0, f32::INFINITY, f32::NAN]);
        let kept: Vec<f32> = keep(&mask, &x).unwrap().try_into().unwrap();
        let bits: Vec<u32> = kept.iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [(-1.0_f32).to_bits(), 0, 0, 0]);
    }
}
