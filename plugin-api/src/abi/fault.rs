//! Why a call across the border failed.

use abi_stable::StableAbi;
use abi_stable::std_types::RString;

use crate::error::ErrorKind;

/// A failed call, in either direction.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Of what kind: the name of an [`ErrorKind`], or a later one.
    pub kind: RString,
    /// In words.
    pub message: RString,
}

impl Fault {
    /// A fault of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<RString>) -> Self {
        Self { kind: kind.as_str().into(), message: message.into() }
    }
}

/// A failure.
impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::new(ErrorKind::Failed, message)
    }
}

/// A failure.
impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::new(ErrorKind::Failed, message)
    }
}
