//! What can be wrong with a call: always its sizes.

use thiserror::Error;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KernelError {
    #[error("no kernel computes {what}")]
    Shape { what: String },
    #[error("{what} has {got} numbers where {want} are needed")]
    Length { what: &'static str, got: usize, want: usize },
    #[error("{what} needs {need} zero rows and columns around an image, but its frame has {got}")]
    Margin { what: &'static str, need: String, got: String },
    #[error("a block of images with {numbers} numbers is too large for 32-bit offsets")]
    TooLarge { numbers: usize },
    #[error("this processor does not have {isa}")]
    NoSuchIsa { isa: String },
}

/// `Ok` when a slice has the length it should.
pub(crate) fn check_length(what: &'static str, got: usize, want: usize) -> Result<(), KernelError> {
    if got == want { Ok(()) } else { Err(KernelError::Length { what, got, want }) }
}
