//! The tasks that come after the set-up, one file each.

pub mod bench;
pub mod dist;
pub mod exports;
pub mod fuzz;
pub mod kill_test;
pub mod lint;
pub mod memcheck;
pub mod overhead;
pub mod quickstart;
pub mod test;
