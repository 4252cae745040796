//! Masks: which weights a ticket keeps, and how it is decided. Knows nothing of the training loop.
//!
//! - [`masks`]: bool masks by parameter name, and how they act on weights;
//! - [`scope`]: which parameters a draw prunes;
//! - [`level`]: how many weights a level keeps;
//! - [`select`]: scores → mask;
//! - [`shuffle`]: the controls that destroy a mask's structure;
//! - [`layers`]: what a mask leaves of each layer.

pub mod error;
pub mod layers;
pub mod level;
pub mod masks;
pub mod scope;
pub mod select;
pub mod shuffle;

pub use error::PruneError;
pub use masks::Masks;
pub use scope::Scope;
