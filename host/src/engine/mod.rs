//! One job done: config and files in, training out. Joins what the rooms below offer.
//!
//! - [`Session`]: a config that was read, checked and rehearsed, with its plugins, data and device;
//! - [`JobExecutor`]: a session's way to do one job of an experiment;
//! - [`bench`]: how fast a recipe trains;
//! - [`evaluate`](mod@evaluate): accuracy of stored weights;
//! - [`stored`]: the names of a job's files;
//! - [`stage`]: a small training on which any item can be tried;
//! - [`check`](mod@check): tries the items of a plugin file;
//! - [`trials`]: items tried one at a time, for the tests of their authors.

pub mod bench;
pub mod check;
pub mod device;
mod error;
pub mod evaluate;
mod executor;
mod facts;
mod folders;
mod graphs;
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
pub mod trials;

pub use error::OpenError;
pub use executor::JobExecutor;
pub use folders::plugin_folders;
pub use session::Session;

/// The version of the results: raised when the same settings give other results.
pub const ENGINE: &str = "1";
