//! What can go wrong in a plugin.

use std::fmt;

use crate::abi::Fault;

/// A failed operation on a tensor.
///
/// Tensor arithmetic cannot return a `Result`, so it unwinds with this as the payload; the wrapper
/// around every hook turns it back into an error that names plugin, hook and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorError {
    operation: String,
    message: String,
}

impl TensorError {
    pub(crate) fn new(operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self { operation: operation.into(), message: message.into() }
    }

    /// Leaves the hook with this error, without a word on the terminal.
    pub(crate) fn throw(self) -> ! {
        #[cfg(feature = "testing")]
        crate::testing::panic_outside_of_hooks(&self);
        std::panic::resume_unwind(Box::new(self))
    }
}

impl fmt::Display for TensorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.trim_start_matches('`').starts_with(&self.operation) {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.operation, self.message)
        }
    }
}

impl std::error::Error for TensorError {}

/// What sort of error it is: whose turn it is to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The item says no: it cannot do what the config asks for.
    Refused,
    /// Something went wrong inside, such as an operation on tensors that do not fit.
    Failed,
    /// The plugin's code panicked.
    Panicked,
    /// The other side does not know the hook, the question or the item of that name.
    Unknown,
    /// What a later version adds.
    #[cfg(feature = "next")]
    Next,
}

impl ErrorKind {
    pub(crate) const ALL: &[Self] = &[
        Self::Refused,
        Self::Failed,
        Self::Panicked,
        Self::Unknown,
        #[cfg(feature = "next")]
        Self::Next,
    ];

    /// The name under which it crosses the border.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Unknown => "unknown",
            #[cfg(feature = "next")]
            Self::Next => "next",
        }
    }

    /// One that this version does not know is a failure.
    fn of_name(name: &str) -> Self {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name).unwrap_or(Self::Failed)
    }
}

/// An error of a hook, in words for the person who wrote the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// An item's own error: what it cannot do, and why.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Refused, message)
    }

    /// An error of that kind.
    pub(crate) fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What sort of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Leaves a hook that gives no `Result` (a loss, an activation) with this error.
    pub fn throw(self) -> ! {
        #[cfg(feature = "testing")]
        crate::testing::panic_outside_of_hooks(&self);
        std::panic::resume_unwind(Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::of(ErrorKind::of_name(&fault.kind), fault.message)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::new(error.kind, error.message)
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<TensorError> for Error {
    fn from(error: TensorError) -> Self {
        Self::of(ErrorKind::Failed, error.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::of(ErrorKind::Failed, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_cross_by_name() {
        for &kind in ErrorKind::ALL {
            let error = Error::of(kind, "no luck");
            assert_eq!(Error::from(Fault::from(error.clone())), error);
        }
        let later = Fault { kind: "later".into(), message: "no luck".into() };
        assert_eq!(Error::from(later), Error::of(ErrorKind::Failed, "no luck"));
    }
}
