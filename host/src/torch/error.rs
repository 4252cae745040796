//! What can go wrong in this folder.

use tch::Kind;

/// An error of an operator call, or of another question to libtorch. Each is one line.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// The registry has no such name, or no such overload of it.
    #[error("no operator is called `{name}`{}", hint(.nearest))]
    UnknownOperator { name: String, nearest: Vec<String> },

    /// A required argument is neither among the positional nor among the named ones.
    #[error("`{op}` lacks its argument `{argument}`; its schema is {schema}")]
    MissingArgument { op: String, argument: String, schema: String },

    /// A named argument that the schema does not have.
    #[error("`{op}` has no argument called `{argument}`; its schema is {schema}")]
    UnknownArgument { op: String, argument: String, schema: String },

    /// An argument given twice: by position and by name, or by name twice.
    #[error("`{op}` got its argument `{argument}` twice; its schema is {schema}")]
    DuplicateArgument { op: String, argument: String, schema: String },

    /// More positional arguments than the schema takes.
    #[error(
        "`{op}` takes at most {accepted} positional arguments, not {given}; its schema is {schema}"
    )]
    TooManyArguments { op: String, accepted: usize, given: usize, schema: String },

    /// An argument whose type the schema does not accept.
    #[error(
        "`{op}` wants {expected} for its argument `{argument}`, not {given}; its schema is {schema}"
    )]
    WrongType { op: String, argument: String, expected: String, given: String, schema: String },

    /// The operator has several overloads, and none accepts these arguments.
    #[error("no overload of `{op}` accepts ({given}); it has {candidates}")]
    NoOverload { op: String, given: String, candidates: String },

    /// One tensor was asked of an operator that returned something else.
    #[error("`{op}` returned {found}, where one tensor was asked for")]
    NotOneTensor { op: String, found: String },

    /// libtorch itself refused.
    #[error("`{op}` failed: {message}")]
    Failed { op: String, message: String },

    /// Raw data whose length does not fit the dtype and shape.
    #[error("a {dtype:?} tensor of shape {shape:?} has {expected} bytes, not {given}")]
    WrongLength { dtype: Kind, shape: Vec<i64>, expected: usize, given: usize },

    /// A shape with a negative or an absurd size.
    #[error("{shape:?} is not a shape that fits into memory")]
    BadShape { shape: Vec<i64> },

    /// A dtype whose data have no plain bytes here.
    #[error("raw data of dtype {dtype} are not supported")]
    UnsupportedDtype { dtype: String },

    /// A bool tensor's data with a byte other than 0 and 1.
    #[error("byte {position} of a bool tensor's data is {value}; only 0 and 1 are allowed")]
    NotABool { position: usize, value: u8 },
}

impl OpError {
    /// The error of `op` with libtorch's own words.
    pub(super) fn failed(op: &str, message: impl Into<String>) -> Self {
        OpError::Failed { op: op.to_owned(), message: message.into() }
    }
}

fn hint(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("; the nearest: {}", quoted.join(", "))
}
