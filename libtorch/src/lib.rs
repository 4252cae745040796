//! What Jackpot knows of libtorch without linking it: which version fits, whether a folder holds
//! one, and what has to be in the environment before it is loaded. The set-up of a checkout, the
//! launcher of a package and the engine ask here, so that they cannot disagree.

pub mod environment;
mod folder;
pub mod python;
mod version;

pub use folder::{Unfit, look};
pub use version::Version;
