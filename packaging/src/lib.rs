//! `cargo xtask dist`, after the build: packs what was built, and tries the packages.
//!
//! [`stage`] says which file goes where, [`licences`] gathers those of the crates in the binaries,
//! [`elf`] reads what the binaries need of a machine, [`policy`] what that is called, [`strange`]
//! makes sure that nothing of this machine is in them; [`tarball`] and [`wheel`] write the packages,
//! [`check`] tries them in a root with nothing else.

pub mod check;
pub mod elf;
pub mod error;
pub mod licences;
pub mod pack;
pub mod policy;
pub mod stage;
pub mod strange;
pub mod tarball;
pub mod wheel;

/// Of the packages.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
