//! Convolutions and linear layers under a fixed mask.

mod choose;
mod grid;
mod lists;
mod part;
mod passes;
mod plan;
mod shape;
mod single;
mod tiling;

pub use plan::{Conv, Tilings};
pub use shape::ConvShape;
pub use single::Single;
pub use tiling::{Over, Tiling};
