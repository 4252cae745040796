//! Tensors that an item declares and the host owns.

use serde::{Deserialize, Serialize};

/// A tensor that the host creates for an item at each of its sites, trains, checkpoints and hands
/// back through [`Ctx::tensor`](crate::ctx::Ctx::tensor): PReLU's slope, a learned β.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclaredTensor {
    /// Its name within the item and site.
    pub name: String,
    /// Its sizes; empty for a 0-dimensional tensor.
    pub shape: Vec<i64>,
    /// Its first value, everywhere.
    pub value: f64,
    /// Whether it is trained; otherwise it is only kept.
    pub trainable: bool,
    /// Whether weight decay acts on it.
    pub decay: bool,
}

impl DeclaredTensor {
    /// A trained tensor without weight decay.
    pub fn trainable(name: &str, shape: &[i64], value: f64) -> Self {
        Self { name: name.to_owned(), shape: shape.to_vec(), value, trainable: true, decay: false }
    }

    /// A tensor that is kept but not trained.
    pub fn constant(name: &str, shape: &[i64], value: f64) -> Self {
        Self { trainable: false, ..Self::trainable(name, shape, value) }
    }
}
