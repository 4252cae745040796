//! The JSON schema of the config (draft 2020-12), made from the tables of keys.

use jackpot_plugin_api::manifest::{ItemManifest, Kind, ParamSpec, ParamType};
use serde_json::{Map, Value, json};

use super::keys::{Bounds, Key, Presence, Section, Shape};
use super::read_toml::read_toml;
use super::tables::ROOT;
use super::types::KnownItems;
use super::values::{GRAPH_FILE, OPTIMIZER_NAMES, OPTIMIZERS, PLUGIN, TEACHER};

/// The schema of every config; a plugin's parameters may be anything.
pub fn schema() -> Value {
    schema_with(&KnownItems::new())
}

/// The schema of configs for these plugins: their names, and their parameters with types, ranges,
/// choices and defaults. Other names are allowed, with any parameters: a config may find plugins
/// that this program does not.
pub fn schema_with(known: &KnownItems) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Jackpot config",
    });
    let mut definitions = Map::new();
    for kind in Kind::ALL {
        definitions.insert(kind.as_str().to_owned(), plugin_of(kind, known));
    }
    merge(&mut schema, section(&ROOT));
    merge(&mut schema, json!({ "$defs": definitions }));
    schema
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn section(section: &Section) -> Value {
    let properties: Map<String, Value> =
        section.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<_> = section
        .keys
        .iter()
        .filter(|key| key.presence == Presence::Required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    // What the checks beyond single keys demand.
    if section.key("seed").is_some() {
        merge(&mut schema, json!({ "not": { "required": ["seed", "seeds"] } }));
    }
    if section.key("keep").is_some() {
        let without =
            json!({ "anyOf": [{ "required": ["levels"] }, { "required": ["fraction"] }] });
        let drawing = ["score", "levels", "fraction", "keep", "rewind", "schedule", "prune_at"]
            .map(|key| json!({ "required": [key] }));
        merge(
            &mut schema,
            json!({ "oneOf": [
                { "required": ["levels"], "not": { "required": ["keep"] } },
                { "required": ["keep"], "not": without },
                {
                    "required": ["from"],
                    "properties": { "from": { "required": ["mask"] } },
                    "not": { "anyOf": drawing },
                },
            ] }),
        );
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = shape(&key.shape);
    merge(&mut schema, json!({ "description": key.doc }));
    if let Presence::Default(text) = key.presence
        && let Ok(table) = read_toml(0, &format!("default = {text}"))
        && let Some(default) = table.entry("default").and_then(|entry| entry.node.json().ok())
    {
        merge(&mut schema, json!({ "default": default }));
    }
    schema
}

fn shape(shape: &Shape) -> Value {
    match *shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Int { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Shape::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Float(bounds) => float(bounds),
        Shape::Path => json!({ "type": "string", "minLength": 1 }),
        Shape::Choice(names) => json!({ "enum": names }),
        Shape::Word(word) => json!({ "type": "string", "pattern": word.pattern }),
        Shape::Or(keyword, inner) => json!({ "anyOf": [{ "const": keyword }, self::shape(inner)] }),
        Shape::List { item, min, max, unique } => list(item, min, max, unique),
        Shape::OneOrMany { item, unique } => {
            let min = usize::from(!matches!(item, Shape::Plugin(_)));
            json!({ "anyOf": [self::shape(item), list(item, min, usize::MAX, unique)] })
        }
        Shape::Plugin(kind) => json!({ "$ref": format!("#/$defs/{kind}") }),
        Shape::Architecture => json!({
            "anyOf": [{ "$ref": "#/$defs/architecture" }, section(&GRAPH_FILE)],
        }),
        Shape::Optimizer => optimizer(),
        Shape::Teacher => json!({ "anyOf": [{ "const": "dense" }, section(&TEACHER)] }),
        Shape::Params => json!({ "type": "object" }),
        Shape::Section(part) => section(part),
        Shape::Sections(part, min) => {
            json!({ "type": "array", "items": section(part), "minItems": min })
        }
    }
}

fn float(bounds: Bounds) -> Value {
    let mut schema = json!({ "type": "number" });
    if bounds.min.is_finite() {
        let word = if bounds.with_min { "minimum" } else { "exclusiveMinimum" };
        merge(&mut schema, json!({ word: bounds.min }));
    }
    if bounds.max.is_finite() {
        let word = if bounds.with_max { "maximum" } else { "exclusiveMaximum" };
        merge(&mut schema, json!({ word: bounds.max }));
    }
    schema
}

fn list(item: &Shape, min: usize, max: usize, unique: bool) -> Value {
    let mut schema = json!({ "type": "array", "items": shape(item), "minItems": min });
    if max < usize::MAX {
        merge(&mut schema, json!({ "maxItems": max }));
    }
    if unique {
        merge(&mut schema, json!({ "uniqueItems": true }));
    }
    schema
}

fn optimizer() -> Value {
    let mut any = vec![json!({ "enum": OPTIMIZER_NAMES })];
    for (i, (name, keys)) in OPTIMIZERS.iter().enumerate() {
        let mut table = section(keys);
        merge(&mut table["properties"]["name"], json!({ "enum": [name] }));
        // A table without a name is the first one's.
        let required: &[&str] = if i == 0 { &[] } else { &["name"] };
        merge(&mut table, json!({ "required": required }));
        any.push(table);
    }
    json!({ "anyOf": any })
}

/// A plugin's name, or its table.
fn plugin_of(kind: Kind, known: &KnownItems) -> Value {
    // An item that is known by its file's path is one of the others.
    let by_name = |(of, name): &(String, String)| of == kind.as_str() && !name.contains(':');
    let items: Vec<_> = known.iter().filter(|(key, _)| by_name(key)).collect();
    if items.is_empty() {
        return json!({ "anyOf": [{ "type": "string", "minLength": 1 }, section(&PLUGIN)] });
    }
    let names: Vec<_> = items.iter().map(|((_, name), _)| name).collect();
    let mut any = Vec::new();
    for ((_, name), item) in &items {
        let params = item_params(item);
        // Alone, the name leaves every parameter to its default.
        if params["required"].as_array().is_none_or(Vec::is_empty) {
            any.push(json!({ "const": name, "description": item.summary() }));
        }
        let mut table = section(&PLUGIN);
        table["properties"]["plugin"] = json!({ "const": name, "description": item.summary() });
        if params["required"].as_array().is_some_and(|required| !required.is_empty()) {
            table["required"] = json!(["plugin", "params"]);
        }
        table["properties"]["params"] = params;
        any.push(table);
    }
    let other = json!({ "type": "string", "minLength": 1, "not": { "enum": names } });
    let mut table = section(&PLUGIN);
    table["properties"]["plugin"] = other.clone();
    any.extend([other, table]);
    json!({ "anyOf": any })
}

fn item_params(item: &ItemManifest) -> Value {
    let properties: Map<String, Value> =
        item.params.iter().map(|spec| (spec.name.clone(), param(spec))).collect();
    let required: Vec<_> = item
        .params
        .iter()
        .filter(|spec| spec.default.is_none() && !spec.optional)
        .map(|spec| spec.name.as_str())
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn param(spec: &ParamSpec) -> Value {
    let one = |ty| {
        let mut schema = match ty {
            ParamType::Bool => json!({ "type": "boolean" }),
            ParamType::Int => json!({ "type": "integer" }),
            ParamType::Float => json!({ "type": "number" }),
            ParamType::String => json!({ "type": "string" }),
            ParamType::Duration => json!({ "type": "string", "pattern": "^[0-9]+(ep|it)$" }),
            _ => json!({}),
        };
        if !spec.choices.is_empty() {
            merge(&mut schema, json!({ "enum": spec.choices }));
        }
        if let Some(range) = spec.range {
            if let Some(min) = range.min {
                merge(&mut schema, json!({ "minimum": min }));
            }
            if let Some(max) = range.max {
                let word = if range.inclusive { "maximum" } else { "exclusiveMaximum" };
                merge(&mut schema, json!({ word: max }));
            }
        }
        schema
    };
    let list = |ty| json!({ "type": "array", "items": one(ty) });
    let mut schema = match spec.ty {
        ParamType::IntList => list(ParamType::Int),
        ParamType::FloatList => list(ParamType::Float),
        ParamType::StringList => list(ParamType::String),
        ParamType::DurationList => list(ParamType::Duration),
        ty => one(ty),
    };
    merge(&mut schema, json!({ "description": spec.docs }));
    if let Some(default) = &spec.default {
        merge(&mut schema, json!({ "default": default }));
    }
    schema
}
