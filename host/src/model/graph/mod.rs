//! Graphs as data: where they come from, whether they are valid, what a skip adds to them.

pub mod check;
pub mod edits;
pub mod flops;
pub mod order;
pub mod shapes;
pub mod source;

pub use check::check;
