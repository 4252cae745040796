//! A plugin as a config names it, to be pasted.

use jackpot_plugin_api::manifest::{ItemManifest, Kind, ParamSpec, ParamType};
use serde_json::Value;

use crate::plugin::example;

/// The section and the key with all parameters that have a default, and an example of each that
/// is required.
pub fn snippet(item: &ItemManifest, name: &str) -> String {
    let params: Vec<String> = item
        .params
        .iter()
        .filter_map(|param| Some(format!("{} = {}", key_of(&param.name), value(param)?)))
        .collect();
    let plugin = toml::Value::String(name.to_owned());
    let table = match params.is_empty() {
        true => format!("{{ plugin = {plugin} }}"),
        false => format!("{{ plugin = {plugin}, params = {{ {} }} }}", params.join(", ")),
    };
    match Kind::from_name(&item.kind) {
        Some(Kind::Architecture) => format!("[model]\narchitecture = {table}"),
        Some(Kind::Score) => format!("[[draw]]\nscore = {table}"),
        Some(Kind::Augmentation) => format!("[train]    # or [[spend]]\naugmentation = [{table}]"),
        Some(Kind::LrSchedule) => format!("[train]    # or [[spend]]\nlr_schedule = {table}"),
        #[cfg(feature = "next")]
        Some(Kind::Next) => format!("{} = {table}", item.kind),
        Some(Kind::Activation | Kind::Skip | Kind::Init | Kind::Loss | Kind::Update) | None => {
            format!("[train]    # or [[spend]]\n{} = {table}", key_of(&item.kind))
        }
    }
}

/// A value for each parameter that is required; the others are left to their defaults.
pub fn example_params(item: &ItemManifest) -> Vec<(String, Value)> {
    let required = |param: &&ParamSpec| !param.optional && param.default.is_none();
    let required = item.params.iter().filter(required);
    required.map(|param| (param.name.clone(), example::value(param))).collect()
}

/// The default, or an example of what is required; `None`: leave it out.
fn value(param: &ParamSpec) -> Option<String> {
    match param.default.as_ref().filter(|default| !default.is_null()) {
        Some(default) => toml_of(default, param.ty),
        None if param.optional || param.default.is_some() => None,
        None => toml_of(&example::value(param), param.ty),
    }
}

/// A parameter's value as TOML on one line; `None` for what TOML cannot say.
pub fn toml_of(value: &Value, ty: ParamType) -> Option<String> {
    Some(toml_value(value, ty)?.to_string())
}

fn toml_value(value: &Value, ty: ParamType) -> Option<toml::Value> {
    Some(match (value, ty) {
        // A number that JSON does not have is a text there.
        (Value::Number(number), ParamType::Float | ParamType::FloatList) => {
            toml::Value::Float(number.as_f64()?)
        }
        (Value::String(text), ParamType::Float | ParamType::FloatList) => {
            toml::Value::Float(text.parse().ok()?)
        }
        (Value::Array(items), _) => {
            let items = items.iter().map(|item| toml_value(item, ty));
            toml::Value::Array(items.collect::<Option<_>>()?)
        }
        (other, _) => toml::Value::try_from(other).ok()?,
    })
}

fn key_of(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => toml::Value::String(name.to_owned()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(kind: &str, params: Value) -> ItemManifest {
        let json = json!({ "kind": kind, "name": "x", "params": params });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn every_kind_has_its_place() {
        let line = |kind: &str| snippet(&item(kind, json!([])), "x");
        assert_eq!(line("architecture"), "[model]\narchitecture = { plugin = \"x\" }");
        assert_eq!(line("score"), "[[draw]]\nscore = { plugin = \"x\" }");
        assert!(line("augmentation").ends_with("\naugmentation = [{ plugin = \"x\" }]"));
        assert!(line("lr-schedule").ends_with("\nlr_schedule = { plugin = \"x\" }"));
        assert!(line("update").ends_with("\nupdate = { plugin = \"x\" }"));
        assert!(line("skip").ends_with("\nskip = { plugin = \"x\" }"));
    }

    #[test]
    fn values_are_toml_of_their_type() {
        let of = |value: Value, ty| toml_of(&value, ty).unwrap();
        assert_eq!(of(json!(1), ParamType::Float), "1.0");
        assert_eq!(of(json!("inf"), ParamType::Float), "inf");
        assert_eq!(of(json!([90, 135]), ParamType::IntList), "[90, 135]");
        assert_eq!(of(json!([1, "nan"]), ParamType::FloatList), "[1.0, nan]");
        assert_eq!(of(json!("2ep"), ParamType::Duration), "\"2ep\"");
        assert_eq!(of(json!({ "a": 1 }), ParamType::Any), "{ a = 1 }");
        assert_eq!(toml_of(&Value::Null, ParamType::Any), None);
    }

    #[test]
    fn every_snippet_is_toml_and_required_values_are_allowed() {
        let params = json!([
            { "name": "a b", "type": "int", "range": { "min": 3.0 } },
            { "name": "c", "type": "float", "range": { "max": -1.0 } },
            { "name": "d", "type": "duration-list" },
            { "name": "e", "type": "string", "choices": ["p", "q"] },
            { "name": "f", "type": "bool" },
            { "name": "g", "type": "int", "optional": true }
        ]);
        let text = snippet(&item("loss", params), "dir/x.so:x");
        let table: toml::Table = toml::from_str(&text).unwrap();
        let loss = &table["train"]["loss"];
        assert_eq!(loss["plugin"].as_str(), Some("dir/x.so:x"));
        let params = loss["params"].to_string();
        assert_eq!(params, r#"{ "a b" = 3, c = -2.0, d = ["1ep"], e = "p", f = true }"#);
    }
}
