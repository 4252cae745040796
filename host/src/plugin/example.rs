//! Values for parameters that have no default, so that an item can be shown and tried.

use jackpot_plugin_api::manifest::{ItemManifest, ParamSpec, ParamType};
use serde_json::{Map, Value, json};

/// A value that the parameter allows.
pub fn value(param: &ParamSpec) -> Value {
    if let Some(choice) = param.choices.first() {
        return json!(choice);
    }
    let low = param.range.map_or(1.0, |range| match (range.min, range.max) {
        // An end of a range often stands for "nothing" or "everything".
        (Some(min), Some(max)) if param.ty == ParamType::Float => (min + max) / 2.0,
        (Some(min), _) if !range.contains(1.0) => min,
        (None, Some(max)) if !range.contains(1.0) => max.floor() - 1.0,
        _ => 1.0,
    });
    match param.ty {
        ParamType::Bool => json!(true),
        ParamType::Int => json!(low.ceil() as i64),
        ParamType::Float => json!(low),
        ParamType::String | ParamType::Any => json!("..."),
        ParamType::Duration => json!("1ep"),
        #[cfg(feature = "next")]
        ParamType::Next => json!("..."),
        ParamType::IntList => json!([low.ceil() as i64]),
        ParamType::FloatList => json!([low]),
        ParamType::StringList => json!(["..."]),
        ParamType::DurationList => json!(["1ep"]),
    }
}

/// Whether a config has to give it.
pub fn is_required(param: &ParamSpec) -> bool {
    param.default.is_none() && !param.optional
}

/// A value for every parameter that a config would have to give and `given` does not.
pub fn values(item: &ItemManifest, given: &Map<String, Value>) -> Map<String, Value> {
    let missing = item.params.iter().filter(|p| is_required(p) && !given.contains_key(&p.name));
    missing.map(|param| (param.name.clone(), value(param))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_gets_a_value_inside_its_range() {
        let item = json!({ "kind": "loss", "name": "x", "params": [
            { "name": "share", "type": "float", "range": { "min": 0.0, "max": 1.0 } },
            { "name": "until", "type": "duration" },
            { "name": "mode", "type": "string", "choices": ["a", "b"] },
            { "name": "given", "type": "int" },
            { "name": "optional", "type": "int", "optional": true },
            { "name": "alpha", "type": "float", "default": 0.1 }
        ] });
        let item = serde_json::from_value(item).unwrap();
        let given = json!({ "given": 3 }).as_object().unwrap().clone();
        let values = Value::Object(values(&item, &given));
        assert_eq!(values, json!({ "share": 0.5, "until": "1ep", "mode": "a" }));
    }
}
