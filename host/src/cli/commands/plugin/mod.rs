//! `jackpot plugin`.

mod info;
mod list;
mod snippet;
mod tensors;

pub use info::info;
pub use list::list;
