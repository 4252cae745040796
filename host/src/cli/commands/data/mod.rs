//! `jackpot data`.

mod check;
mod describe;
mod get;
mod list;

pub use check::check;
pub use get::get;
pub use list::list;

/// What to write into a config to use a dataset.
fn snippet(dataset: &str, root: &str) -> String {
    format!("In a config:\n  [data]\n  dataset = \"{dataset}\"\n  root = {root:?}\n")
}
