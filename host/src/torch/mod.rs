//! What `tch` lacks, behind safe functions; the only place with C++.
//!
//! - [`op`]: every operator of PyTorch's registry, called by its name;
//! - [`grad`](mod@grad): gradients with given output gradients, and the thread's grad mode;
//! - [`node`]: backward passes in Rust; [`numbers`]: a tensor's numbers as slices;
//! - [`settings`]: threads, determinism, TF32, autocast; [`team`]: work on libtorch's threads;
//! - [`cuda`]: whether there is a GPU, without linking CUDA; [`nvrtc`]: own kernels there;
//! - [`capture`](mod@capture): work on it that is written down once and then done again;
//! - [`memory_format`], [`bytes`]: a tensor's layout and its raw data;
//! - [`upload`](mod@upload): to a device without waiting;
//! - [`version`](mod@version): how often a tensor was written;
//! - [`memory`]: what the process keeps though nothing uses it;
//! - [`codes`]: libtorch's numbers for dtypes and devices.
//!
//! Everything may be used from several threads at once. What can go wrong is an [`OpError`]
//! with one line of text; no C++ exception and no panic gets out.

pub mod bytes;
pub mod capture;
pub mod codes;
pub mod cuda;
pub mod error;
mod ffi;
pub mod grad;
pub mod memory;
pub mod memory_format;
pub mod node;
pub mod numbers;
pub mod nvrtc;
pub mod op;
pub mod settings;
pub mod team;
pub mod upload;
pub mod value;
pub mod version;

#[cfg(test)]
mod tests;

pub use error::OpError;
pub use op::Op;
pub use value::{Arg, Value};
