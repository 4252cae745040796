//! Errors for the test: their kind and words; tensors by name.

use jackpot_plugin_api::abi::{Fault, Named, Value};
use jackpot_plugin_api::error::ErrorKind;
use tch::Tensor;

use crate::plugin::border::tensors::give;
use crate::train::TrainError;

/// What went wrong in a trial.
pub fn fault(error: impl Into<TrainError>) -> Fault {
    let error = error.into();
    let kind = error.hook().map_or(ErrorKind::Failed, |hook| hook.kind);
    Fault::new(kind, error.to_string())
}

/// A tensor with its name.
pub fn named(name: impl Into<String>, tensor: Tensor) -> Named {
    Named::new(name.into(), Value::Tensor(give(tensor)))
}

/// All of them.
pub fn all_named(tensors: impl IntoIterator<Item = (String, Tensor)>) -> Vec<Named> {
    tensors.into_iter().map(|(name, tensor)| named(name, tensor)).collect()
}
