//! What makes a test fail.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// What a test function gives: `fn values() -> TestResult { …; Ok(()) }`.
pub type TestResult<T = ()> = Result<T, Failure>;

/// Why a test failed, in words: an item's own error, what the host refuses, a gradient that is
/// wrong, or a host that cannot be started.
///
/// Its `Debug` is the words alone, which is what `cargo test` prints of a test that gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure(Error);

impl Failure {
    /// A failure with these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Error::of(ErrorKind::Failed, message))
    }

    /// What sort of error it is: [`ErrorKind::Refused`] is an item's own refusal,
    /// [`ErrorKind::Panicked`] a panic in a hook.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_printed_as_its_words_alone() {
        let failure = Failure::new("no \"luck\"");
        assert_eq!(format!("{failure:?} {failure}"), "no \"luck\" no \"luck\"");
    }
}
