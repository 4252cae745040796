//! `jackpot plugin`.

mod info;
mod list;
mod snippet;

pub use info::info;
pub use list::list;
