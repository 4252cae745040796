//! Weights and masks of elsewhere, checked against a config's network and written as `from` takes
//! them.

use std::path::Path;

use jackpot_plugin_api::graph::Role;
use tch::Tensor;

use super::error::OpenError;
use super::imported;
use super::session::Session;
use crate::model::state::{self, to_safetensors};
use crate::prune::{Masks, Scope};
use crate::train::TrainError;

/// The files of a start, and what is in them.
#[derive(Debug)]
pub struct Start {
    /// All parameters and buffers, under the network's names.
    pub weights: Vec<u8>,
    /// Of a ticket.
    pub mask: Option<Vec<u8>>,
    /// Weights that the mask keeps, and all that it is about.
    pub kept: Option<(u64, u64)>,
    /// Whether it is about linear layers, too, which a draw leaves out unless told otherwise.
    pub linear: bool,
    pub parameters: u64,
}

impl Session {
    /// Reads weights for the network of \[model\], and masks from a file of their own or from the
    /// weights', where that has some; after [`Session::prepare`].
    ///
    /// # Errors
    ///
    /// Files that are none, or that do not fit the network: all that is wrong is listed.
    pub fn import(&self, weights: &Path, mask: Option<&Path>) -> Result<Start, OpenError> {
        self.start(weights, mask)
            .map_err(|error| OpenError::of_part("the network of [model]", error))
    }

    fn start(&self, weights: &Path, mask: Option<&Path>) -> Result<Start, TrainError> {
        let prepared = self.prepared().map_err(|error| TrainError::Setting(error.to_string()))?;
        let (model, train) = (&self.config.model, &self.config.train);
        let mut training = self.built((&prepared.graphs, &prepared.feed), model, train)?;
        let network = &mut training.network;
        imported::weights(weights, network, None)?;
        let within = || -> Result<bool, TrainError> {
            let names = state::read(weights)?;
            Ok(names.keys().any(|name| name.ends_with("_mask")))
        };
        let mask = match mask {
            Some(mask) => Some(mask),
            None => within()?.then_some(weights),
        };
        let masks = match mask {
            Some(mask) => {
                let prunable = ["conv", "linear"].map(str::to_owned);
                let names = Scope::new(&prunable).names(network)?;
                let masks = imported::masks(mask, network, &names, None)?;
                masks.apply(network)?;
                Some(pruned(masks))
            }
            None => None,
        };
        let is_linear = |(name, _): (&str, &Tensor)| {
            network.parameter(name).is_some_and(|parameter| parameter.role == Role::Linear)
        };
        let linear = masks.as_ref().is_some_and(|masks| masks.iter().any(is_linear));
        let parameters = network.parameters().iter().map(|one| one.tensor.numel() as u64).sum();
        Ok(Start {
            weights: to_safetensors(&network.stored_state())?,
            mask: masks.as_ref().map(|masks| to_safetensors(&masks.state())).transpose()?,
            kept: masks.as_ref().map(|masks| (masks.kept(), masks.total())),
            linear,
            parameters,
        })
    }
}

/// Without masks that prune nothing, unless none does anything.
fn pruned(masks: Masks) -> Masks {
    let prunes = |mask: &Tensor| {
        let kept = mask.sum(tch::Kind::Int64).int64_value(&[]);
        kept.unsigned_abs() < mask.numel() as u64
    };
    let some: Vec<_> = masks
        .iter()
        .filter(|(_, mask)| prunes(mask))
        .map(|(name, mask)| (name.to_owned(), mask.shallow_clone()))
        .collect();
    if some.is_empty() { masks } else { Masks::from_tensors(some) }
}
