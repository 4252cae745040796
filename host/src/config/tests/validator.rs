//! Just enough of JSON Schema to try the config's own schema on documents. Patterns are not matched:
//! the words' own tests try them.

use serde_json::Value;

/// Whether the value fits the schema; `root` holds the definitions.
pub fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().all(|(rule, wanted)| obeys(root, rules, rule, wanted, value))
}

fn obeys(
    root: &Value,
    rules: &serde_json::Map<String, Value>,
    rule: &str,
    wanted: &Value,
    value: &Value,
) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let fit = |schema: &Value| fits(root, schema, value);
    match rule {
        "$schema" | "title" | "description" | "default" | "$defs" | "pattern" => true,
        "$ref" => {
            let path =
                wanted.as_str().and_then(|text| text.strip_prefix('#')).expect("a local $ref");
            fit(root.pointer(path).expect("a definition"))
        }
        "type" => match wanted.as_str().expect("one type") {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            other => panic!("type {other}"),
        },
        "const" => value == wanted,
        "enum" => list(wanted).contains(value),
        "anyOf" => list(wanted).iter().any(fit),
        "oneOf" => list(wanted).iter().filter(|schema| fit(schema)).count() == 1,
        "not" => !fit(wanted),
        "properties" => value.as_object().is_none_or(|map| {
            map.iter()
                .all(|(key, value)| wanted.get(key).is_none_or(|schema| fits(root, schema, value)))
        }),
        "additionalProperties" => {
            assert_eq!(wanted, &Value::Bool(false));
            let known = rules["properties"].as_object().expect("properties");
            value.as_object().is_none_or(|map| map.keys().all(|key| known.contains_key(key)))
        }
        "required" => list(wanted)
            .iter()
            .all(|key| value.as_object().is_none_or(|map| map.contains_key(key.as_str().unwrap()))),
        "items" => list(value).iter().all(|item| fits(root, wanted, item)),
        "minItems" => {
            value.as_array().is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap())
        }
        "maxItems" => {
            value.as_array().is_none_or(|list| list.len() as u64 <= wanted.as_u64().unwrap())
        }
        "uniqueItems" => {
            let items = list(value);
            items.iter().enumerate().all(|(i, item)| !items[..i].contains(item))
        }
        "minLength" => value.as_str().is_none_or(|text| !text.is_empty()),
        "minimum" => value.as_f64().is_none_or(|x| x >= wanted.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|x| x <= wanted.as_f64().unwrap()),
        "exclusiveMinimum" => value.as_f64().is_none_or(|x| x > wanted.as_f64().unwrap()),
        "exclusiveMaximum" => value.as_f64().is_none_or(|x| x < wanted.as_f64().unwrap()),
        other => panic!("unknown rule {other}"),
    }
}
