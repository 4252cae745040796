//! A plugin's parameters, checked against what its manifest says of them.

use jackpot_plugin_api::Duration;
use jackpot_plugin_api::manifest::{ItemManifest, ParamSpec, ParamType};
use serde_json::{Map, Value};

use super::context::Context;
use super::error::Fault;
use super::json::json_float;
use super::keys::quoted;
use super::nearest::did_you_mean;
use super::tree::{Entry, Node, Pos, Table, Val};

/// The parameters as they stand in the config, unchecked.
pub fn as_written(cx: &Context<'_>, given: &Table) -> Option<Map<String, Value>> {
    let mut params = Map::new();
    for entry in &given.entries {
        let value = entry.node.json().map_err(|fault| cx.report(fault));
        params.insert(entry.key.clone(), value.ok()?);
    }
    Some(params)
}

/// Every parameter of the item in its manifest's order: the config's value, or the default.
///
/// `at` is where the config names the item.
pub fn check(
    cx: &Context<'_>,
    item: &ItemManifest,
    given: &Table,
    at: Pos,
) -> Option<Map<String, Value>> {
    let mut complete = true;
    let mut params = Map::new();
    for entry in &given.entries {
        if !item.params.iter().any(|spec| spec.name == entry.key) {
            cx.report(unknown(item, entry));
            complete = false;
        }
    }
    for spec in &item.params {
        let default = spec.default.as_ref().filter(|default| !default.is_null());
        let value = match (given.entry(&spec.name), default) {
            (Some(entry), _) => coerce(item, spec, &entry.node),
            // Only the plugin can judge it.
            (None, Some(default)) if spec.ty == ParamType::Any => Ok(default.clone()),
            (None, Some(default)) => {
                coerce(item, spec, &Node::from_json(default, at)).map_err(|fault| {
                    fault.help(format!(
                        "this is the default of the plugin itself: its author must correct it; \
                     until then write `{}` in `params`",
                        spec.name
                    ))
                })
            }
            (None, None) if spec.optional || spec.default.is_some() => continue,
            (None, None) => Err(missing(item, spec, at)),
        };
        match value {
            Ok(value) => {
                params.insert(spec.name.clone(), value);
            }
            Err(fault) => {
                cx.report(fault);
                complete = false;
            }
        }
    }
    complete.then_some(params)
}

fn unknown(item: &ItemManifest, entry: &Entry) -> Fault {
    let names: Vec<_> = item.params.iter().map(|spec| spec.name.as_str()).collect();
    let message = format!("the {} `{}` has no parameter `{}`", item.kind, item.name, entry.key);
    Fault::new(entry.key_pos, message)
        .label(did_you_mean(&entry.key, names.iter().copied(), "unknown"))
        .help(match names.as_slice() {
            [] => "it has no parameters".to_owned(),
            names => format!("its parameters: {}", names.join(", ")),
        })
}

fn missing(item: &ItemManifest, spec: &ParamSpec, at: Pos) -> Fault {
    let message = format!("the {} `{}` needs the parameter `{}`", item.kind, item.name, spec.name);
    let wanted = describe(spec);
    Fault::new(at, message)
        .label(format!("`params = {{ {} = … }}` is missing", spec.name))
        .help(format!("`{}` is {wanted}. {}", spec.name, spec.docs).trim_end().to_owned())
}

/// The type, the range and the choices, as an error message would say them.
fn describe(spec: &ParamSpec) -> String {
    let mut text = spec.ty.describe().to_owned();
    if !spec.choices.is_empty() {
        let choices: Vec<_> = spec.choices.iter().map(String::as_str).collect();
        text = match spec.ty {
            ParamType::StringList => format!("a list of {}", quoted(&choices)),
            _ => quoted(&choices),
        };
    }
    match spec.range {
        Some(range) => format!("{text} ({range})"),
        None => text,
    }
}

/// The value in the parameter's type, if it is allowed.
fn coerce(item: &ItemManifest, spec: &ParamSpec, node: &Node) -> Result<Value, Fault> {
    let one = |ty: ParamType, node: &Node| scalar(item, spec, ty, node);
    let element = match spec.ty {
        ParamType::IntList => ParamType::Int,
        ParamType::FloatList => ParamType::Float,
        ParamType::StringList => ParamType::String,
        ParamType::DurationList => ParamType::Duration,
        ParamType::Any => return node.json(),
        #[cfg(feature = "next")]
        ParamType::Next => return node.json(),
        ty => return one(ty, node),
    };
    match node.list() {
        Some(items) => items.iter().map(|item| one(element, item)).collect(),
        None => Err(refuse(item, spec, node).label(node.val.describe())),
    }
}

fn scalar(
    item: &ItemManifest,
    spec: &ParamSpec,
    ty: ParamType,
    node: &Node,
) -> Result<Value, Fault> {
    let refuse = |label: &str| Err(refuse(item, spec, node).label(label));
    let in_range = |x: f64| spec.range.is_none_or(|range| range.contains(x));
    match (ty, &node.val) {
        (ParamType::Bool, Val::Bool(value)) => Ok(Value::Bool(*value)),
        (ParamType::Int, Val::Int(value)) => {
            if in_range(*value as f64) {
                Ok((*value).into())
            } else {
                refuse("out of range")
            }
        }
        (ParamType::Float, val) => match as_float(val) {
            Some(value) if in_range(value) => Ok(json_float(value)),
            Some(_) => refuse("out of range"),
            None => refuse(val.describe()),
        },
        (ParamType::String, Val::Str(text)) => {
            let choices = || spec.choices.iter().map(String::as_str);
            if spec.choices.is_empty() || choices().any(|choice| choice == text) {
                Ok(Value::String(text.clone()))
            } else {
                refuse(&did_you_mean(text, choices(), "none of them"))
            }
        }
        (ParamType::Duration, Val::Str(text)) => match text.parse::<Duration>() {
            Ok(duration) => Ok(Value::String(duration.to_string())),
            Err(_) => refuse("no duration"),
        },
        (_, val) => refuse(val.describe()),
    }
}

fn refuse(item: &ItemManifest, spec: &ParamSpec, node: &Node) -> Fault {
    let found = node.val.show();
    let wanted = describe(spec);
    let message = format!("`{}` of `{}` must be {wanted}, not {found}", spec.name, item.name);
    let fault = Fault::new(node.pos, message);
    if spec.docs.is_empty() { fault } else { fault.help(format!("`{}`: {}", spec.name, spec.docs)) }
}

/// A number; JSON has no infinities, so there they are strings.
fn as_float(val: &Val) -> Option<f64> {
    match val {
        Val::Int(value) => Some(*value as f64),
        Val::Float(value) => Some(*value),
        Val::Str(text) => match text.as_str() {
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            "nan" => Some(f64::NAN),
            _ => None,
        },
        _ => None,
    }
}
