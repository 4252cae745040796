//! Attributes of a node: JSON, checked against the type in the operator's schema.

use serde_json::Value as Json;

use crate::model::store::kind_of;
use crate::torch::op::{ArgSpec, ArgType};
use crate::torch::{Arg, Value};

/// A constant argument.
#[derive(Debug)]
pub struct Constant(Value);

impl Constant {
    /// The attribute as the schema's type.
    ///
    /// # Errors
    ///
    /// In words: what the argument wants.
    pub fn read(spec: &ArgSpec, json: &Json) -> Result<Self, String> {
        if json.is_null() && (spec.optional || spec.has_default) {
            return Ok(Self(Value::None));
        }
        let value = match spec.ty {
            ArgType::Int => json.as_i64().map(Value::Int),
            ArgType::Float => number(json).map(Value::Float),
            ArgType::Number => {
                json.as_i64().map(Value::Int).or_else(|| number(json).map(Value::Float))
            }
            ArgType::Bool => json.as_bool().map(Value::Bool),
            ArgType::Str => json.as_str().map(|text| Value::String(text.to_owned())),
            ArgType::IntList => match (json.as_i64(), spec.fixed_len) {
                (Some(one), Some(count)) => Some(Value::IntList(vec![one; count])),
                _ => list(json, Json::as_i64).map(Value::IntList),
            },
            ArgType::FloatList => list(json, number).map(Value::FloatList),
            ArgType::BoolList => list(json, Json::as_bool).map(Value::BoolList),
            ArgType::Dtype => json.as_str().and_then(|name| kind_of(name).ok()).map(Value::Dtype),
            _ => None,
        };
        value.map(Self).ok_or_else(|| {
            format!("`{}` is {json}; the operator wants {}", spec.name, describe(spec))
        })
    }

    /// A value of the schema's own.
    pub fn default(value: Value) -> Self {
        Self(value)
    }

    pub fn value(&self) -> &Value {
        &self.0
    }

    /// For a call.
    pub fn arg(&self) -> Arg<'_> {
        self.0.as_arg()
    }
}

/// A number; NaN and infinities are strings in JSON.
fn number(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("nan") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        _ => json.as_f64(),
    }
}

fn list<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.as_array()?.iter().map(read).collect()
}

fn describe(spec: &ArgSpec) -> String {
    let what = match spec.ty {
        ArgType::Int => "a whole number",
        ArgType::Float | ArgType::Number => "a number",
        ArgType::Bool => "true or false",
        ArgType::Str => "a text",
        ArgType::IntList => "a list of whole numbers",
        ArgType::FloatList => "a list of numbers",
        ArgType::BoolList => "a list of truth values",
        ArgType::Dtype => "a dtype such as \"f32\"",
        ArgType::Tensor | ArgType::TensorList | ArgType::OptTensorList => {
            "a tensor: name it under `inputs` or `params`"
        }
        _ => "something that a graph cannot give",
    };
    what.to_owned()
}
