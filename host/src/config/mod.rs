//! TOML → checked, typed config with positions for errors.
//!
//! Two steps, because a config says where the plugins are: [`load`] (or [`parse`]) checks all that
//! is independent of plugins and tells where to look for them; [`check_plugins`] then checks every
//! plugin's name and parameters and gives the [`Config`] with all defaults filled in.
//!
//! The keys stand in one place, `tables`; the checks, the JSON schema and the tests of the
//! documentation follow them.

mod check;
mod complaints;
mod context;
mod data;
mod draw;
mod error;
mod experiment;
mod give_up;
mod inline;
mod json;
mod keys;
mod load;
mod nearest;
mod overrides;
mod params;
mod plugins;
mod read_toml;
mod report;
mod schema;
mod spend;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod train;
mod tree;
pub mod types;
mod values;
mod words;
mod write;

pub use error::{ConfigError, ConfigErrors, render};
pub use give_up::GiveUp;
pub use json::json_float;
pub use load::{Loaded, check_plugins, load, parse};
pub use overrides::Overrides;
pub use report::Primary;
pub use schema::{schema, schema_with};
pub use types::*;
pub use words::device as device_named;
pub use write::to_toml;
