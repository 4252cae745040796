//! What differs between a finished job's description and today's.

use std::collections::BTreeSet;

use serde_json::Value;

/// One setting that a finished job had otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// As the config names it: `train.epochs`, `draw.fraction`.
    pub path: String,
    /// What the finished job had, in words.
    pub was: String,
    /// What the config (or the plugin's file) says now.
    pub now: String,
    /// What kind of thing differs.
    pub what: What,
}

/// What a [`Difference`] is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A key of the config, the data or the machine.
    Key,
    /// The same plugin item from another file.
    PluginFile,
}

/// The differences between two descriptions, sorted by path.
///
/// A spend repeats its ticket's settings; what changed there is named as the config names it, and
/// once.
pub fn differences(was: &Value, now: &Value) -> Vec<Difference> {
    let mut found = BTreeSet::new();
    compare("", was, now, &mut found);
    found.into_iter().collect()
}

fn compare(path: &str, was: &Value, now: &Value, found: &mut BTreeSet<Difference>) {
    let mut add = |was: String, now: String, what| {
        let path = path.strip_prefix("ticket.").unwrap_or(path).to_owned();
        found.insert(Difference { path, was, now, what });
    };
    match (was, now) {
        _ if was == now => {}
        (Value::Object(old), Value::Object(new)) if !is_other_item(was, now) => {
            let files = (old.get("plugin"), plugin_file(was), plugin_file(now));
            if let (Some(_), Some(was), Some(now)) = files
                && was != now
            {
                add(was, now, What::PluginFile);
            }
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                if old.contains_key("plugin") && (key == "version" || key == "sha256") {
                    continue;
                }
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let absent = Value::Null;
                let (was, now) = (old.get(key).unwrap_or(&absent), new.get(key).unwrap_or(&absent));
                compare(&path, was, now, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (was, now)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}[{index}]"), was, now, found);
            }
        }
        _ => add(words(was), words(now), What::Key),
    }
}

/// Whether both are items (plugins, optimizers) of different names: then their parameters have
/// nothing to do with each other.
fn is_other_item(was: &Value, now: &Value) -> bool {
    ["plugin", "name"].iter().any(|tag| was.get(tag) != now.get(tag))
}

/// `mish 0.1.0 (file 1a2b3c4d)`.
fn plugin_file(item: &Value) -> Option<String> {
    let text = |key| item.get(key).and_then(Value::as_str);
    let hash: String = text("sha256")?.chars().take(8).collect();
    Some(format!("{} {} (file {hash})", text("plugin")?, text("version")?))
}

/// A value in one short line.
fn words(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if is_hash(text) => format!("{}…", &text[..8]),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(words).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let tag = ["plugin", "name"].iter().find(|tag| map.contains_key(**tag));
            let name = tag.and_then(|tag| map[*tag].as_str()).unwrap_or_default();
            let params = map.get("params").and_then(Value::as_object).unwrap_or(map);
            let params: Vec<String> = params
                .iter()
                .filter(|(key, _)| {
                    !["plugin", "name", "version", "sha256", "params"].contains(&key.as_str())
                })
                .map(|(key, value)| format!("{key} = {}", words(value)))
                .collect();
            match (name, params.as_slice()) {
                (name, []) => name.to_owned(),
                (name, params) => format!("{name}({})", params.join(", ")),
            }
        }
        other => other.to_string(),
    };
    if text.chars().count() > 60 {
        return text.chars().take(59).chain(['…']).collect();
    }
    text
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(was: Value, now: Value) -> Vec<String> {
        differences(&was, &now)
            .into_iter()
            .map(|difference| {
                format!("{} {} → {}", difference.path, difference.was, difference.now)
            })
            .collect()
    }

    #[test]
    fn leaves_are_named_by_their_path() {
        assert_eq!(
            lines(
                json!({"train": {"epochs": 10, "lr": 0.1}, "data": {"mean": null}, "keep": [0.5, 0.2]}),
                json!({"train": {"epochs": 12, "lr": 0.1}, "data": {"mean": [0.5]}, "keep": [0.5, 0.1]}),
            ),
            ["data.mean none → [0.5]", "keep[1] 0.2 → 0.1", "train.epochs 10 → 12"]
        );
    }

    #[test]
    fn another_plugin_is_one_difference() {
        let item = |name: &str, params: Value| json!({"a": {"plugin": name, "params": params}});
        assert_eq!(
            lines(item("mish", json!({})), item("swish", json!({"beta": 1}))),
            ["a mish → swish(beta = 1)"]
        );
        assert_eq!(
            lines(item("swish", json!({"beta": 1})), item("swish", json!({"beta": 2.5}))),
            ["a.params.beta 1 → 2.5"]
        );
        assert_eq!(
            lines(json!({"a": null}), item("mish", json!({}))),
            ["a none → mish"],
            "from nothing to a plugin"
        );
        assert_eq!(
            lines(
                json!({"optimizer": {"name": "sgd", "lr": 0.1}}),
                json!({"optimizer": {"name": "adamw", "lr": 0.1, "eps": 1e-8}})
            ),
            ["optimizer sgd(lr = 0.1) → adamw(lr = 0.1, eps = 1e-8)"]
        );
    }

    #[test]
    fn another_file_of_a_plugin_is_told_apart() {
        let item = |version: &str, hash: &str| json!({"a": {"plugin": "mish", "params": {}, "version": version, "sha256": hash.repeat(32)}});
        let found = differences(&item("0.1.0", "ab"), &item("0.2.0", "cd"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, What::PluginFile);
        assert_eq!(found[0].path, "a");
        assert_eq!(found[0].was, "mish 0.1.0 (file abababab)");
        assert_eq!(found[0].now, "mish 0.2.0 (file cdcdcdcd)");
    }

    #[test]
    fn the_ticket_repeats_nothing() {
        let spend = |epochs: u64| json!({"train": {"epochs": epochs}, "ticket": {"train": {"epochs": epochs}}});
        assert_eq!(lines(spend(1), spend(2)), ["train.epochs 1 → 2"]);
    }

    #[test]
    fn long_values_are_cut() {
        let long = lines(json!({"a": 1}), json!({"a": "x".repeat(100)})).remove(0);
        assert_eq!(long.chars().count(), "a 1 → ".chars().count() + 60);
        let hash = lines(json!({"a": "ab".repeat(32)}), json!({"a": "cd".repeat(32)}));
        assert_eq!(hash, ["a abababab… → cdcdcdcd…"]);
    }
}
