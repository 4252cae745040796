//! Helpers of the end-to-end tests: the real binary, real plugin files, real data formats.
//!
//! A test makes a [`Sandbox`], writes a config and a dataset into it, starts the program as a user
//! would with [`Sandbox::jackpot`], and looks at what it prints, at its exit code and at the files
//! that it leaves. Nothing here knows the host's code.

#![allow(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

pub mod archive;
pub mod browser;
pub mod config;
pub mod data;
pub mod files;
pub mod getting;
pub mod install;
pub mod kills;
pub mod made_up;
pub mod messages;
pub mod process;
pub mod python;
pub mod results;
pub mod sandbox;
pub mod server;
pub mod shared;
pub mod stranger;
pub mod tensors;
pub mod tmux;

pub use process::{Program, Ran, Running};
pub use results::{Row, results};
pub use sandbox::Sandbox;
