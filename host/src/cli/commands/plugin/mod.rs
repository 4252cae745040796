//! `jackpot plugin`.

mod info;
mod list;
mod new;
mod serve;
mod snippet;
mod tensors;

pub use info::info;
pub use list::list;
pub use new::new;
pub use serve::serve;
