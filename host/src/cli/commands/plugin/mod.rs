//! `jackpot plugin`.

mod check;
mod info;
mod list;
mod new;
mod serve;
mod snippet;
mod tensors;
mod verdicts;

pub use check::check;
pub use info::info;
pub use list::list;
pub use new::new;
pub use serve::serve;
