//! The tasks that come after the set-up, one file each.

pub mod dist;
pub mod fuzz;
pub mod lint;
pub mod quickstart;
pub mod test;
