//! `plugin check`: tries every item of a plugin file on the [stage](super::stage), in a process of
//! its own.
//!
//! - [`check()`]: follows that process; a crash, an exit or a hang is a finding;
//! - [`try_items`]: what runs in it;
//! - [`Report`]: what was found.

mod child;
mod gradient;
mod items;
mod message;
mod parent;
mod process;
mod report;
mod request;
mod trial;
mod values;

pub use child::run as try_items;
pub use parent::{CheckError, check};
pub use report::{FileFacts, Finding, ItemReport, Level, Report};
pub use request::Request;
