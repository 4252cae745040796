//! The host's side of the ABI.

pub mod context;
mod ctx_ops;
pub(super) mod faults;
mod model_questions;
mod random;
pub mod tensors;
mod values;

pub use values::{into_host, named_tensors, to_plugin};
