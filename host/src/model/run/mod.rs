//! A graph compiled to calls of operators and plugins, and how it runs.

mod attribute;
mod compile;
mod forward;
mod layout;
pub mod pieces;
mod plan;
pub mod sparse;
mod two_ways;

pub use forward::{ForwardContext, Substitutes};
pub use plan::{Observe, Plan, SiteCall};
