//! Datasets on disk → tensors; batches. Knows nothing of models.
//!
//! [`load()`] reads a dataset as `[data]` says: a format (`cifar`, `tensors`, `synthetic`) gives a
//! `Source`, which is cut into the splits of [`Data`], with its normalisation and the hash of its
//! content. A training then asks [`EpochOrder`] for each step's places, [`Split::fetch`] for the
//! [`Batch`], and a [`Normaliser`] for the network's input.

mod batch;
mod cifar;
mod error;
mod load;
mod normalise;
mod order;
mod source;
mod split;
mod synthetic;
mod tensors;

pub use batch::Batch;
pub use error::DataError;
pub use load::{Data, load};
pub use normalise::{Normalisation, Normaliser};
pub use order::EpochOrder;
pub use split::Split;
