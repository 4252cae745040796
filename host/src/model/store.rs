//! The tensors of a network.

use jackpot_plugin_api::graph::Role;
use jackpot_plugin_api::tensor::Dtype;
use tch::{Device, Kind, Tensor};

use super::error::ModelError;
use crate::torch::codes::dtype_of;

/// Who declared a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The architecture's graph.
    Graph,
    /// A skip's edits.
    Skip,
    /// An item that declares tensors, such as a learned activation.
    Item,
}

/// A trained tensor with what the host knows of it.
#[derive(Debug)]
pub struct Parameter {
    /// Its state-dict name.
    pub name: String,
    pub tensor: Tensor,
    pub role: Role,
    /// Whether weight decay acts on it.
    pub decay: bool,
    /// Whether a mask may ever act on it.
    pub prunable: bool,
    pub owner: Owner,
}

/// A tensor that is kept but not trained.
#[derive(Debug)]
pub struct Buffer {
    /// Its state-dict name.
    pub name: String,
    pub tensor: Tensor,
    pub owner: Owner,
}

/// The dtype of that name.
pub fn kind_of(name: &str) -> Result<Kind, ModelError> {
    let dtype = Dtype::from_name(name).and_then(|dtype| dtype_of(dtype.code().into()));
    dtype.ok_or_else(|| ModelError::graph("a tensor", format!("`{name}` is no dtype")))
}

/// Zeros.
pub fn zeros(shape: &[i64], dtype: &str, device: Device) -> Result<Tensor, ModelError> {
    Ok(Tensor::f_zeros(shape, (kind_of(dtype)?, device))?)
}
