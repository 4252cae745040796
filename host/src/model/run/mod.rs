//! A graph compiled to calls of operators and plugins, and how it runs.

mod after;
mod attribute;
mod compile;
mod depthwise;
mod forward;
mod join;
mod joined;
mod layout;
mod order;
pub mod pieces;
mod plan;
mod read;
pub mod sparse;
mod statistics;
mod threads;
mod two_ways;
mod waiting;

pub use forward::{ForwardContext, Substitutes};
pub use plan::{Observe, Plan, SiteCall, SiteFunction};
