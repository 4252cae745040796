//! Plugins: find, check, load and register files; wrap each item in a plain Rust trait.
//!
//! - [`load`]: files on disk → checked, loaded [`PluginFile`]s;
//! - [`registry`]: all items by kind and name;
//! - [`border`]: the host's side of the ABI: tensors, contexts, values;
//! - [`remote`]: items in the process of an author's tests, which this host serves;
//! - [`kinds`]: one plain trait object per kind, with the checks that its results need;
//! - [`example`]: values for parameters that have no default;
//! - [`probe`]: what `plugin check` watches.

pub mod border;
pub mod error;
pub mod example;
pub mod item;
pub mod kinds;
pub mod load;
#[cfg(feature = "next")]
mod next;
pub mod probe;
pub mod registry;
pub mod remote;
mod watchdog;

pub use border::context::{HookContext, Knobs, ModelAccess};
pub use error::{HookError, LoadError, RegistryError};
pub use item::{Instance, ItemId};
pub use load::PluginFile;
pub use registry::{Found, Registry};
