//! What can go wrong in a plugin.

use std::fmt;

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
        std::panic::resume_unwind(Box::new(self))
    }
}

impl fmt::Display for TensorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.starts_with(&self.operation) {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.operation, self.message)
        }
    }
}

impl std::error::Error for TensorError {}

/// An error of a hook, in words for the person who wrote the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// An error with that message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Leaves a hook that gives no `Result` (a loss, an activation) with this error.
    pub fn throw(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

impl From<TensorError> for Error {
    fn from(error: TensorError) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}
