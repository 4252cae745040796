//! One form for equal values, so that equal settings have equal hashes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The one form of equal values: keys sorted, and numbers that are whole written as integers, so
/// that `1` and `1.0` in a config mean the same. Other floats keep their shortest exact form.
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> =
                map.into_iter().map(|(key, value)| (key, canonical(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(canonical).collect()),
        Value::Number(number) => match number.as_f64() {
            Some(float)
                if number.is_f64()
                    && float.fract() == 0.0
                    && float.abs() < 9e15
                    && (float != 0.0 || float.is_sign_positive()) =>
            {
                json!(float as i64)
            }
            _ => Value::Number(number),
        },
        other => other,
    }
}

/// The text that is hashed: no spaces, and numbers spelt by Rust itself, so that no library's
/// taste in writing `1e300` gets into an identity.
pub fn write_canonical(value: &Value, text: &mut String) {
    let mut list = |open: char, close: char, items: Vec<(Option<&String>, &Value)>| {
        text.push(open);
        for (index, (key, item)) in items.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            if let Some(key) = key {
                *text += &format!("{}:", json!(key));
            }
            write_canonical(item, text);
        }
        text.push(close);
    };
    match value {
        Value::Object(map) => {
            list('{', '}', map.iter().map(|(key, item)| (Some(key), item)).collect())
        }
        Value::Array(items) => list('[', ']', items.iter().map(|item| (None, item)).collect()),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            // The shortest digits that read back as the same number.
            Some(float) => *text += &format!("{float:e}"),
            None => *text += &number.to_string(),
        },
        other => *text += &other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_unique_and_exact() {
        let value = json!({"b": 1.0, "a": [2.5e-3, -0.0, 1e300, 0.1], "c": {"z": "\"", "y": null}});
        let mut text = String::new();
        write_canonical(&canonical(value), &mut text);
        assert_eq!(text, r#"{"a":[2.5e-3,-0e0,1e300,1e-1],"b":1,"c":{"y":null,"z":"\""}}"#);
    }
}
