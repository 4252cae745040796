//! Everything the author of a Jackpot plugin needs.
//!
//! A plugin is a crate of type `cdylib` that depends on this crate alone. It implements one trait
//! per item (see [`kinds`]), derives its parameters (see [`params`]) and lists its items in
//! [`export_plugin!`]:
//!
//! ```
//! use jackpot_plugin_api::prelude::*;
//!
//! /// x · sigmoid(β·x), Ramachandran et al. 2017.
//! #[derive(Params)]
//! struct Swish {
//!     /// Steepness; large β approaches ReLU.
//!     #[param(default = 1.0, range = 0.0..=1e6)]
//!     beta: f64,
//! }
//!
//! impl Activation for Swish {
//!     const NAME: &str = "swish";
//!     fn forward(&self, x: &Tensor, _: &Ctx) -> Tensor {
//!         x * (x * self.beta).sigmoid()
//!     }
//! }
//!
//! export_plugin!(activations: [Swish]);
//! ```
//!
//! Tensors are handles to the host's: a plugin links no libtorch and compiles in about a second.
//! Hooks are stateless and may run concurrently.
//!
//! With the feature `testing`, as a development dependency, `cargo test` tries items: see the module
//! `testing`.

#[cfg(not(panic = "unwind"))]
compile_error!(
    "a plugin must be built with panic = \"unwind\": a panic could not be turned into an error"
);

/// The version of this crate.
#[cfg(not(feature = "next"))]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// A version that does not exist.
#[cfg(feature = "next")]
pub const VERSION: &str = next::VERSION;

#[doc(hidden)]
pub mod abi;
pub mod ctx;
pub mod declared;
mod duration;
pub mod error;
pub mod exchange;
#[doc(hidden)]
pub mod export;
pub mod graph;
mod guard;
#[doc(hidden)]
pub mod item;
pub mod kinds;
pub mod manifest;
pub mod model;
#[cfg(feature = "next")]
pub mod next;
pub mod params;
pub mod points;
pub mod prelude;
pub mod rng;
pub mod tensor;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(any(feature = "testing", feature = "host"))]
#[doc(hidden)]
pub mod wire;

pub use duration::{Duration, ParseDurationError};
#[doc(no_inline)]
pub use serde_json as json;
