//! Values as TOML on one line; read back, they are the same to the last bit.

use std::fmt::Write;

use serde_json::{Map, Value};

/// A string in quotes.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Writing to a string cannot fail.
            c if c.is_control() => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A number that TOML reads as a float.
pub fn float(value: f64) -> String {
    // The shortest digits that give the same bits, always with a point or an exponent.
    format!("{value:?}").replace("NaN", "nan")
}

/// `[a, b]`.
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

/// `{ a = 1, b = 2 }`.
pub fn table<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> =
        entries.into_iter().map(|(key, value)| format!("{} = {value}", bare(key))).collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// The JSON object as a table. What TOML has no word for is left out: only a plugin's default can
/// be such, and it is filled in again.
pub fn object(map: &Map<String, Value>) -> String {
    table(map.iter().filter_map(|(key, value)| Some((key.as_str(), json(value)?))))
}

fn json(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => match (number.as_i64(), number.is_f64(), number.as_f64()) {
            (Some(value), ..) => value.to_string(),
            (None, true, Some(value)) => float(value),
            _ => return None,
        },
        Value::String(text) => string(text),
        Value::Array(items) => list(items.iter().map(json).collect::<Option<Vec<_>>>()?),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| Some((key.as_str(), json(value)?)));
            table(entries.collect::<Option<Vec<_>>>()?)
        }
    })
}

fn bare(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { string(key) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn tables_and_lists() {
        let Value::Object(map) = json!({"a": 1, "b c": [1.0, 0.1], "d": {"e": "x\"\u{7f}"}}) else {
            panic!("an object")
        };
        assert_eq!(object(&map), r#"{ a = 1, "b c" = [1.0, 0.1], d = { e = "x\"\u007F" } }"#);
        assert_eq!(object(&Map::new()), "{}");
    }

    #[test]
    fn what_toml_cannot_say_is_left_out_whole() {
        let Value::Object(map) = json!({"a": null, "b": [1, null], "c": u64::MAX, "d": 1}) else {
            panic!("an object")
        };
        assert_eq!(object(&map), "{ d = 1 }");
    }

    proptest! {
        #[test]
        fn strings_and_floats_are_exact(text in any::<String>(), number in any::<f64>()) {
            let line = format!("{} = [{}, {}]", bare(&text), string(&text), float(number));
            let read: toml::Table = line.parse().expect("TOML");
            let (key, value) = read.iter().next().expect("one entry");
            prop_assert_eq!(key, &text);
            prop_assert_eq!(value[0].as_str(), Some(text.as_str()));
            let same = value[1].as_float().map(|read| read == number || read.is_nan() && number.is_nan());
            prop_assert_eq!(same, Some(true));
        }
    }
}
