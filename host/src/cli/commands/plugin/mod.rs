//! `jackpot plugin`.

mod check;
mod info;
mod list;
mod snippet;
mod verdicts;

pub use check::check;
pub use info::info;
pub use list::list;
