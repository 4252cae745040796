//! What a test gives for a trial.

use jackpot_plugin_api::abi::{Named, Value};
use tch::Tensor;

use crate::plugin::border::into_host;

/// The arguments of a trial, by name. Errors are in words.
pub struct Given(Vec<Named>);

impl Given {
    pub(super) fn new(values: Vec<Named>) -> Self {
        Self(values)
    }

    fn get(&self, name: &str) -> Result<&Value, String> {
        let found = self.0.iter().find(|named| named.name == name);
        found.map(|named| &named.value).ok_or_else(|| format!("the test gave no `{name}`"))
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_ok()
    }

    /// A tensor.
    pub fn tensor(&self, name: &str) -> Result<Tensor, String> {
        match self.get(name)? {
            Value::Tensor(handle) => Ok(into_host(handle.clone())),
            other => Err(wrong(name, "a tensor", other)),
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<i64, String> {
        match self.get(name)? {
            Value::Int(value) => Ok(*value),
            other => Err(wrong(name, "a whole number", other)),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str) -> Result<u64, String> {
        u64::try_from(self.int(name)?).map_err(|_| format!("`{name}` must not be negative"))
    }

    /// A truth value.
    pub fn truth(&self, name: &str) -> Result<bool, String> {
        match self.get(name)? {
            Value::Bool(value) => Ok(*value),
            other => Err(wrong(name, "a truth value", other)),
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        match self.get(name)? {
            Value::Str(value) => Ok(value.as_str()),
            other => Err(wrong(name, "a text", other)),
        }
    }

    /// A text that is JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        serde_json::from_str(self.text(name)?).map_err(|error| format!("`{name}`: {error}"))
    }

    /// All tensors whose names begin with `prefix.`, without it.
    pub fn tensors(&self, prefix: &str) -> Vec<(String, Tensor)> {
        let part = |named: &Named| {
            let name = named.name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned();
            match &named.value {
                Value::Tensor(handle) => Some((name, into_host(handle.clone()))),
                _ => None,
            }
        };
        self.0.iter().filter_map(part).collect()
    }
}

fn wrong(name: &str, wanted: &str, found: &Value) -> String {
    format!("`{name}` must be {wanted}, not {}", found.describe())
}
