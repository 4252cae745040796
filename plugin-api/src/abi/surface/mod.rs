//! The surface of the ABI as the committed file lists it, and whether a call keeps to it.

mod call;
mod json;
#[cfg(all(test, not(feature = "next")))]
mod listed;

use std::sync::OnceLock;

pub use call::Call;
pub use json::{ReadError, read};

use super::value::{Named, RawNamed, RawValue, Value};
use crate::manifest::Kind;

/// The list of all that crosses.
#[cfg(not(feature = "next"))]
pub const SURFACE: &str = include_str!("../../../abi-1.txt");
/// The list of all that crosses, with what a later version may add.
#[cfg(feature = "next")]
pub const SURFACE: &str =
    concat!(include_str!("../../../abi-1.txt"), include_str!("../../../abi-next.txt"));

/// A hook of a kind, or of all kinds.
pub fn hook(kind: Kind, name: &str) -> Option<&'static Call> {
    static HOOKS: OnceLock<Vec<Call>> = OnceLock::new();
    let owner = |call: &Call| call.of.as_deref().is_some_and(|of| of == "*" || of == kind.as_str());
    HOOKS.get_or_init(|| calls("hook")).iter().find(|call| call.name == name && owner(call))
}

/// A question of a plugin to the context of its hook.
pub fn question(name: &str) -> Option<&'static Call> {
    static QUESTIONS: OnceLock<Vec<Call>> = OnceLock::new();
    QUESTIONS.get_or_init(|| calls("question")).iter().find(|call| call.name == name)
}

/// The lines of a section.
fn section(name: &str) -> impl Iterator<Item = &'static str> {
    let header = format!("[{name}]");
    let mut inside = false;
    SURFACE.lines().filter(move |line| {
        if line.starts_with('[') && line.ends_with(']') {
            inside = *line == header;
            return false;
        }
        inside && !line.is_empty()
    })
}

fn calls(name: &str) -> Vec<Call> {
    section(name).filter_map(Call::parse).collect()
}

/// The type of an argument, as the file calls it.
fn type_of_argument(value: &RawValue<'_>) -> &'static str {
    match value {
        RawValue::None => "none",
        RawValue::Tensor(_) => "tensor",
        RawValue::Int(_) => "int",
        RawValue::Float(_) => "float",
        RawValue::Bool(_) => "bool",
        RawValue::Str(_) => "text",
        RawValue::Device(_) => "device",
        RawValue::Dtype(_) => "dtype",
        RawValue::IntList(_) => "int-list",
        RawValue::FloatList(_) => "float-list",
        RawValue::BoolList(_) => "bool-list",
        RawValue::TensorList(_) => "tensor-list",
        RawValue::OptTensorList(_) => "tensor?-list",
    }
}

/// The type of a result, as the file calls it.
fn type_of_result(value: &Value) -> &'static str {
    match value {
        Value::None => "none",
        Value::Tensor(_) => "tensor",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Bool(_) => "bool",
        Value::Str(_) => "text",
        Value::Device(_) => "device",
        Value::Dtype(_) => "dtype",
        Value::IntList(_) => "int-list",
        Value::FloatList(_) => "float-list",
        Value::BoolList(_) => "bool-list",
        Value::TensorList(_) => "tensor-list",
        Value::OptTensorList(_) => "tensor?-list",
    }
}

impl Call {
    /// Whether these are the arguments of the line.
    ///
    /// # Errors
    ///
    /// The first that is not, or that is missing.
    pub fn takes(&self, arguments: &[RawNamed<'_>]) -> Result<(), String> {
        let given = arguments.iter().map(|one| (one.name.as_str(), type_of_argument(&one.value)));
        self.check(&self.arguments, given.collect())
    }

    /// Whether these are the results of the line.
    ///
    /// # Errors
    ///
    /// The first that is not, or that is missing.
    pub fn gives(&self, results: &[Named]) -> Result<(), String> {
        let given = results.iter().map(|one| (one.name.as_str(), type_of_result(&one.value)));
        self.check(&self.results, given.collect())
    }
}
