//! Values of the config as JSON, the language of plugins, and back.
//!
//! JSON has no infinities and no NaN; there they are the strings `inf`, `-inf` and `nan`.

use serde_json::{Number, Value};

use super::error::Fault;
use super::tree::{Entry, Node, Pos, Table, Val};

impl Node {
    /// The value as JSON.
    ///
    /// # Errors
    /// A date, which JSON does not have.
    pub fn json(&self) -> Result<Value, Fault> {
        Ok(match &self.val {
            Val::Bool(value) => Value::Bool(*value),
            Val::Int(value) => Value::from(*value),
            Val::Float(value) => json_float(*value),
            Val::Str(text) => Value::String(text.clone()),
            Val::List(items) => items.iter().map(Self::json).collect::<Result<_, _>>()?,
            Val::Table(table) => Value::Object(
                table
                    .entries
                    .iter()
                    .map(|entry| Ok((entry.key.clone(), entry.node.json()?)))
                    .collect::<Result<_, Fault>>()?,
            ),
            Val::Date | Val::Keyword | Val::Bad => {
                let fault =
                    Fault::new(self.pos, format!("{} cannot stand here", self.val.describe()));
                return Err(fault.label("write a string, in quotes"));
            }
        })
    }

    /// The JSON value as if it stood at `pos`; `null` is wrong.
    pub fn from_json(value: &Value, pos: Pos) -> Self {
        let val = match value {
            Value::Null => Val::Bad,
            Value::Bool(value) => Val::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Val::Int(value),
                (None, Some(value)) => Val::Float(value),
                (None, None) => Val::Bad,
            },
            Value::String(text) => Val::Str(text.clone()),
            Value::Array(items) => {
                Val::List(items.iter().map(|item| Self::from_json(item, pos)).collect())
            }
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| Entry {
                    key: key.clone(),
                    key_pos: pos,
                    node: Self::from_json(value, pos),
                    given: false,
                };
                Val::Table(Table { entries: map.iter().map(entry).collect() })
            }
        };
        Self { pos, val }
    }
}

/// The number, or its name if JSON has no such number.
pub fn json_float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from("nan"),
        None if value > 0.0 => Value::from("inf"),
        None => Value::from("-inf"),
    }
}
