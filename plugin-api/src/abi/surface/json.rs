//! A JSON text read as strictly as the surface lists it. The types themselves leave out what they do
//! not know, which is right for a plugin; a host that did would compute something else.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::section;

/// Why a text was not read.
#[derive(Debug)]
pub enum ReadError {
    /// It is no JSON, or not of the type; with line and column.
    Json(serde_json::Error),
    /// It has a key or a name that ABI 1 does not list; a later version may.
    Unknown(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Unknown(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads a text of the type of that name in the section `json`; `[Name]` is a list of them.
///
/// # Errors
///
/// A text that is not of that type, or that has anything besides.
pub fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, ReadError> {
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        check(name, "", &value)?;
    }
    serde_json::from_str(text).map_err(ReadError::Json)
}

/// `listed` is the path as the file writes it, `place` the path for the reader.
fn check(listed: &str, place: &str, value: &Value) -> Result<(), ReadError> {
    match value {
        Value::Object(map) => {
            let init = listed.ends_with(".init");
            let inside = |key: &str| match place {
                "" => key.to_owned(),
                place => format!("{place}.{key}"),
            };
            // Which keys there are depends on the kind, so its name comes first.
            if let Some(kind) = map.get("kind").filter(|_| init) {
                check_name("kind", &inside("kind"), kind, init)?;
            }
            let keys = if init { initial_keys(map.get("kind")) } else { keys(listed) };
            let Some(keys) = keys else { return Ok(()) };
            for (key, value) in map {
                if !keys.contains(&key.as_str()) {
                    let of = if place.is_empty() { String::new() } else { format!("{place}: ") };
                    let known = keys.join(", ");
                    let message = format!("{of}unknown key `{key}`; known: {known}");
                    return Err(ReadError::Unknown(message));
                }
                let place = inside(key);
                check_name(key, &place, value, init)?;
                check(&format!("{listed}.{key}"), &place, value)?;
            }
            Ok(())
        }
        Value::Array(items) => {
            let element = listed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let listed = element.map_or_else(|| format!("{listed}[]"), str::to_owned);
            let name = |index: usize| {
                // A node's and a parameter's own name says more than its place.
                let own = ["id", "name"].iter().find_map(|key| items[index].get(key)?.as_str());
                let name = own.map_or_else(|| format!("[{index}]"), |own| format!(" `{own}`"));
                format!("{place}{name}").trim_start().to_owned()
            };
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| check(&listed, &name(index), item))
        }
        _ => Ok(()),
    }
}

/// The keys of the objects at a path; `None` where they are names of the author's own.
fn keys(listed: &str) -> Option<Vec<&'static str>> {
    let lines = section("json").filter_map(|line| line.strip_prefix(listed)?.strip_prefix(": "));
    Some(lines.last()?.split(' ').collect())
}

/// The keys of first values depend on their kind.
fn initial_keys(kind: Option<&Value>) -> Option<Vec<&'static str>> {
    let keys: &[&str] = match kind?.as_str()? {
        "constant" => &["kind", "value"],
        "uniform" => &["kind", "low", "high"],
        "normal" => &["kind", "mean", "std"],
        // Told by its name.
        _ => return None,
    };
    Some(keys.to_vec())
}

/// The values that are names out of a list.
fn check_name(key: &str, place: &str, value: &Value, init: bool) -> Result<(), ReadError> {
    let list = match key {
        "role" | "site" => key,
        "kind" if init => "initial",
        _ => return Ok(()),
    };
    // Another type than a text is the type's own matter.
    let Some(name) = value.as_str() else { return Ok(()) };
    let known = section("names").find_map(|line| line.strip_prefix(list)?.strip_prefix(": "));
    let known = known.unwrap_or_default();
    if known.split(' ').any(|one| one == name) {
        return Ok(());
    }
    let known = known.replace(' ', ", ");
    Err(ReadError::Unknown(format!("{place}: unknown name `{name}`; known: {known}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::declared::DeclaredTensor;
    use crate::graph::{Edits, Graph, Initial, Input, Role, SiteKind};

    fn graph() -> Value {
        json!({
            "schema": 1, "inputs": [{ "name": "x", "shape": [3] }],
            "outputs": [{ "name": "logits", "from": "y" }],
            "parameters": [{
                "name": "w", "shape": [3], "role": "norm",
                "init": { "kind": "uniform", "low": 0.0, "high": 1.0 }
            }],
            "nodes": [{
                "id": "y", "op": "aten::mul", "inputs": ["x"], "params": { "stage": "w" },
                "attrs": { "stage": 1 }, "site": "activation"
            }]
        })
    }

    /// What is said of the graph after a change.
    fn said(change: impl FnOnce(&mut Value)) -> String {
        let mut graph = graph();
        change(&mut graph);
        read::<Graph>("Graph", &graph.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn a_host_refuses_what_it_does_not_know_and_says_where() {
        read::<Graph>("Graph", &graph().to_string()).unwrap();
        assert_eq!(
            said(|g| g["stages"] = json!([])),
            "unknown key `stages`; known: buffers, inputs, nodes, outputs, parameters, schema"
        );
        assert_eq!(
            said(|g| g["nodes"][0]["stage"] = json!(2)),
            "nodes `y`: unknown key `stage`; known: attrs, id, inputs, op, params, site"
        );
        assert_eq!(
            said(|g| g["parameters"][0]["role"] = json!("embedding")),
            "parameters `w`.role: unknown name `embedding`; known: conv, linear, norm, bias, other"
        );
        assert_eq!(
            said(|g| g["nodes"][0]["site"] = json!("norm")),
            "nodes `y`.site: unknown name `norm`; known: activation"
        );
        assert_eq!(
            said(|g| g["parameters"][0]["init"]["kind"] = json!("beta")),
            "parameters `w`.init.kind: unknown name `beta`; known: constant, uniform, normal"
        );
        assert_eq!(
            said(|g| g["parameters"][0]["init"]["mean"] = json!(0)),
            "parameters `w`.init: unknown key `mean`; known: kind, low, high"
        );
        assert!(said(|g| g["nodes"] = json!(3)).contains("line 1 column"));
        let edits = r#"{ "rewires": [{ "from": "a", "to": "b", "when": 1 }] }"#;
        let error = read::<Edits>("Edits", edits).unwrap_err().to_string();
        assert_eq!(error, "rewires[0]: unknown key `when`; known: from, to");
        let declared = r#"[{ "name": "beta", "shape": [], "dtype": "f64" }]"#;
        let error = read::<Vec<DeclaredTensor>>("[DeclaredTensor]", declared).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`beta`: unknown key `dtype`; known: decay, name, shape, trainable, value"
        );
    }

    #[test]
    fn a_plugin_reads_what_a_newer_host_says() {
        let mut graph = graph();
        graph["stages"] = json!([]);
        graph["nodes"][0]["stage"] = json!(2);
        graph["nodes"][0]["site"] = json!("norm");
        graph["nodes"][0]["inputs"] = json!(["x", ["x", null]]);
        graph["parameters"][0]["role"] = json!("embedding");
        graph["parameters"][0]["init"] = json!({ "kind": "beta", "a": 1 });
        let graph: Graph = serde_json::from_value(graph).unwrap();
        assert_eq!(graph.nodes[0].site, Some(SiteKind::Other));
        assert_eq!(graph.nodes[0].inputs[1], Input::Other(json!(["x", null])));
        assert!(graph.nodes[0].inputs[1].names().is_empty());
        let parameter = &graph.parameters[0];
        assert_eq!((parameter.role, parameter.init), (Role::Other, Initial::Other));
    }
}
