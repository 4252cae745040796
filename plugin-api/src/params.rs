//! Typed, documented parameters: declared once, printed by `jackpot plugin info`, checked before
//! any training starts.

use serde_json::{Map, Value};

use crate::duration::Duration;
use crate::manifest::{ParamSpec, ParamType};

pub use jackpot_plugin_derive::Params;

/// The parameters of an item; implemented by `#[derive(Params)]`.
pub trait Params: Sized + Send + Sync {
    /// What they are.
    fn specs() -> Vec<ParamSpec>;
    /// The item's documentation.
    fn docs() -> &'static str;
    /// Takes them from a checked map, in which every default is written out.
    ///
    /// # Errors
    ///
    /// A value of the wrong type, in words.
    fn take(values: &mut Map<String, Value>) -> Result<Self, String>;
}

/// A Rust type that a parameter can have; a plugin may have its own.
pub trait ParamValue: Sized {
    /// Its type in the manifest.
    const TYPE: ParamType;
    /// Whether it may be absent.
    const OPTIONAL: bool = false;
    /// Reads it.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, in words.
    fn read(value: &Value) -> Result<Self, String>;
}

/// Checks values against the specs, fills in defaults, and makes the item.
pub(crate) fn read_params<T: Params>(values: Map<String, Value>) -> Result<T, String> {
    T::take(&mut checked(values, &T::specs())?)
}

fn checked(
    mut values: Map<String, Value>,
    specs: &[ParamSpec],
) -> Result<Map<String, Value>, String> {
    for key in values.keys() {
        if !specs.iter().any(|spec| spec.name == *key) {
            let known: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
            return Err(format!("no parameter `{key}`; known: {}", known.join(", ")));
        }
    }
    for spec in specs {
        if let (None, Some(default)) = (values.get(&spec.name), &spec.default) {
            values.insert(spec.name.clone(), default.clone());
        }
        if let Some(value) = values.get(&spec.name) {
            check(spec, value).map_err(|error| format!("parameter `{}`: {error}", spec.name))?;
        }
    }
    Ok(values)
}

fn check(spec: &ParamSpec, value: &Value) -> Result<(), String> {
    let parts = match value {
        Value::Array(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    for part in parts {
        if let (Some(range), Some(number)) = (spec.range, number(part))
            && !range.contains(number)
        {
            return Err(format!("{} is out of range: {range}", text(part)));
        }
        if let (false, Some(text)) = (spec.choices.is_empty(), part.as_str())
            && !spec.choices.iter().any(|choice| choice == text)
        {
            return Err(format!("\"{text}\" is none of {}", spec.choices.join(", ")));
        }
    }
    Ok(())
}

/// A number; JSON has no NaN and no infinities, so these cross as strings.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "nan" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// Takes one value out of the map; used by the derive.
pub fn take<T: ParamValue>(values: &mut Map<String, Value>, name: &str) -> Result<T, String> {
    let value = values.remove(name).unwrap_or(Value::Null);
    if value.is_null() && !T::OPTIONAL {
        return Err(format!("parameter `{name}` is required"));
    }
    T::read(&value).map_err(|error| format!("parameter `{name}`: {error}"))
}

fn wrong<T: ParamValue>(value: &Value) -> String {
    wrong_type(value, T::TYPE)
}

fn wrong_type(value: &Value, wanted: ParamType) -> String {
    format!("{} is not {}", text(value), wanted.describe())
}

/// As JSON. `Value`'s own `Display` would bring a second and a third serializer into every plugin
/// file.
pub(crate) fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl ParamValue for f64 {
    const TYPE: ParamType = ParamType::Float;
    fn read(value: &Value) -> Result<Self, String> {
        number(value).ok_or_else(|| wrong::<Self>(value))
    }
}

impl ParamValue for bool {
    const TYPE: ParamType = ParamType::Bool;
    fn read(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| wrong::<Self>(value))
    }
}

impl ParamValue for String {
    const TYPE: ParamType = ParamType::String;
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| wrong::<Self>(value))
    }
}

impl ParamValue for Duration {
    const TYPE: ParamType = ParamType::Duration;
    fn read(value: &Value) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        text.parse().map_err(|error: crate::duration::ParseDurationError| error.to_string())
    }
}

impl ParamValue for Value {
    const TYPE: ParamType = ParamType::Any;
    fn read(value: &Value) -> Result<Self, String> {
        Ok(value.clone())
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl ParamValue for $ty {
            const TYPE: ParamType = ParamType::Int;
            fn read(value: &Value) -> Result<Self, String> {
                let number = value.as_i64().ok_or_else(|| wrong::<Self>(value))?;
                number.try_into().map_err(|_| format!("{number} is out of range"))
            }
        }
    )* };
}
integers!(i64, u64, usize, u32);

/// Types whose lists are parameters, too.
pub trait ListElement: ParamValue {
    /// The list's type in the manifest.
    const LIST: ParamType;
}

macro_rules! lists {
    ($($ty:ty = $list:ident),*) => { $(
        impl ListElement for $ty { const LIST: ParamType = ParamType::$list; }
    )* };
}
lists!(
    i64 = IntList,
    u64 = IntList,
    usize = IntList,
    f64 = FloatList,
    String = StringList,
    Duration = DurationList
);

impl<T: ListElement> ParamValue for Vec<T> {
    const TYPE: ParamType = T::LIST;
    fn read(value: &Value) -> Result<Self, String> {
        value.as_array().ok_or_else(|| wrong::<Self>(value))?.iter().map(T::read).collect()
    }
}

impl<T: ParamValue> ParamValue for Option<T> {
    const TYPE: ParamType = T::TYPE;
    const OPTIONAL: bool = true;
    fn read(value: &Value) -> Result<Self, String> {
        if value.is_null() { Ok(None) } else { T::read(value).map(Some) }
    }
}
