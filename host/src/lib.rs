//! Jackpot: draws lottery tickets, spends them under tweaks, reports what helps.

pub mod model;
pub mod plugin;
pub mod random;
pub mod torch;
