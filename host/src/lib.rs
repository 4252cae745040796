//! Jackpot: draws lottery tickets, spends them under tweaks, reports what helps.

pub mod cli;
pub mod config;
pub mod data;
mod digest;
pub mod engine;
pub mod experiment;
pub mod export;
pub mod failpoint;
pub mod glob;
pub mod kernels;
pub mod median;
pub mod model;
pub mod plugin;
pub mod prune;
pub mod random;
pub mod report;
pub mod torch;
pub mod train;
#[doc(hidden)]
pub mod untrusted;
pub mod verify;
