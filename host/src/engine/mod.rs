//! One job done: config and files in, training out. Joins what the rooms below offer.
//!
//! - [`Session`]: a config that was read, checked and rehearsed, with its plugins, data and device;
//! - [`JobExecutor`]: a session's way to do one job of an experiment;
//! - [`bench`]: how fast a recipe trains;
//! - [`estimate`]: what a config will cost on this machine;
//! - [`evaluate`](mod@evaluate): accuracy of stored weights;
//! - [`exported`]: stored weights as files for other programs;
//! - [`import`]: weights and masks of elsewhere, as `from` takes them;
//! - [`stored`]: the names of a job's files;
//! - [`stage`]: a small training on which any item can be tried;
//! - [`connect`]: networks on the line between two;
//! - [`check`](mod@check): tries the items of a plugin file;
//! - [`device_check`]: whether a device computes what the CPU does;
//! - [`trials`]: items tried one at a time, for the tests of their authors.

pub mod bench;
pub mod check;
pub mod connect;
pub mod device;
pub mod device_check;
mod error;
pub mod estimate;
pub mod evaluate;
mod executor;
pub mod exported;
mod facts;
mod folders;
mod graphs;
pub mod import;
mod imported;
mod kept;
mod learned;
mod nodes;
mod output;
mod pruning;
mod rehearsal;
mod session;
pub mod stage;
pub mod stored;
mod teacher;
mod threads;
pub mod trials;

pub use error::OpenError;
pub use executor::JobExecutor;
pub use folders::plugin_folders;
pub use session::Session;

/// The version of the results: raised when the same settings give other results.
pub const ENGINE: &str = "1";
