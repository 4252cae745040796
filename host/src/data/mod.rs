//! Datasets on disk → tensors; batches. Knows nothing of models.
//!
//! [`load()`] reads a dataset as `[data]` says: a format (`cifar`, `mnist`, `images`, `tensors`,
//! `synthetic`) gives a `Source`, which is cut into the splits of [`Data`], with its normalisation
//! and the hash of its content. [`fetch`] brings published datasets to where they are read, and
//! [`origin()`] says of what lies there whether it is the published one. A training then asks [`EpochOrder`] for each step's places, [`Split::fetch`] for the
//! [`Batch`], and a [`Normaliser`] for the network's input.

mod batch;
pub(crate) mod cifar;
mod error;
pub mod fetch;
pub(crate) mod images;
mod load;
pub(crate) mod mnist;
mod normalise;
mod order;
mod origin;
pub(crate) mod source;
mod split;
mod synthetic;
pub(crate) mod tensors;
mod unfinished;
mod watch;

pub use batch::Batch;
pub use error::DataError;
pub use load::{Data, load};
pub use normalise::{Normalisation, Normaliser};
pub use order::EpochOrder;
pub use origin::{origin, recognise};
pub use split::Split;
pub use watch::{Stage, Unit, Unwatched, Watch};
