//! How a test's process and the host speak with each other: see [`testing`](crate::testing).
//!
//! The test starts the host as a child and writes to its stdin; the host answers on its stdout.
//! Both write *frames*: a length (u32) and that many bytes, all numbers little-endian. The host
//! begins with a [`Hello`]. Then the test sends a [`Request`] at a time and reads messages until it
//! is [done](Message::Done); meanwhile the host may [call a hook](Message::Hook) of an item under
//! test, and until that is done, too, it serves the requests that the hook makes. Tensors stay in
//! the host and are numbers here.
//!
//! This is no part of the ABI of plugin files: it may change with every [`PROTOCOL`].

mod codec;
mod frame;
mod message;
mod parts;
mod request;
#[cfg(test)]
mod tests;
mod value;

pub use codec::{Malformed, Reader, Writer};
pub use frame::{read_frame, write_frame};
pub use message::{Answer, Hello, HookCall, Message, Outcome};
pub use request::{Call, Request};
pub use value::{Wire, WireNamed};

/// The version of all this.
pub const PROTOCOL: u32 = 1;
