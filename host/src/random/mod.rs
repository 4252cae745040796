//! Random numbers that are a function of where they are used, never of what was drawn before.
//!
//! A [`Stream`] is named by a seed, a purpose and two coordinates (usually epoch and step); its
//! value at position `i` is a pure function of those and `i`. A resumed run, another batch order or
//! another number of devices therefore draws the same numbers. Underneath is the block cipher
//! Philox4x32-10 in counter mode ([`philox`]); how a name becomes key and counter is part of the
//! format and written down at [`Stream`].
//!
//! This module is at the bottom of the house: it knows std and nothing else.

mod cursor;
mod key;
pub mod philox;
mod stream;

pub use cursor::Cursor;
pub use stream::Stream;
