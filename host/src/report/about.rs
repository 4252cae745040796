//! The resolved config and the manifest → the facts and notes at the head of a report.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::declared;
use super::plan::{tables, text};
use super::run::{About, Row};

/// What is worth knowing about a run. Whatever a file does not say is left out.
pub fn about(config_text: &str, manifest: &serde_json::Value, rows: &[Row]) -> About {
    let config: Table = toml::from_str(config_text).unwrap_or_default();
    About {
        facts: facts(&config, manifest, rows),
        recipes: recipes(&config),
        trials: trials(&config),
        primary: declared::primary(&config),
        controls: declared::controls(&config),
        notes: notes(&config),
        config: config_text.to_owned(),
        made: made(manifest),
        plugins: list(manifest, "plugins"),
        // The first start's: later ones may have done nothing.
        command: list::<Vec<String>>(manifest, "command_lines")
            .into_iter()
            .next()
            .unwrap_or_default(),
        dataset: manifest
            .get("dataset_sha256")
            .and_then(|it| it.as_str())
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Versions, threads and data.
fn made(manifest: &serde_json::Value) -> Vec<(String, String)> {
    let versions = manifest.get("versions").and_then(|it| it.as_object()).into_iter().flatten();
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let of = |key: &str, name: &str| Some((name.to_owned(), text(manifest.get(key)?)));
    let data = of("dataset_sha256", "SHA-256 of the dataset");
    let versions = versions.map(|(name, version)| (name.clone(), text(version)));
    versions.chain(of("threads", "threads")).chain(data).collect()
}

/// What of a list in the manifest has the wanted form.
fn list<T: DeserializeOwned>(manifest: &serde_json::Value, key: &str) -> Vec<T> {
    let items = manifest.get(key).and_then(|list| list.as_array()).into_iter().flatten();
    items.filter_map(|item| serde_json::from_value(item.clone()).ok()).collect()
}

fn facts(config: &Table, manifest: &serde_json::Value, rows: &[Row]) -> Vec<(String, String)> {
    let inside = |section: &str, key: &str| config.get(section)?.get(key);
    let device = manifest
        .get("device")
        .and_then(|d| d.as_str().or_else(|| d.get("name")?.as_str()))
        .map(str::to_owned)
        .or_else(|| config.get("device").map(shown));
    let mut precisions: Vec<&str> =
        rows.iter().filter_map(|r| r.results.as_ref()).map(|r| r.precision.as_str()).collect();
    precisions.sort_unstable();
    precisions.dedup();
    let seeds = config.get("seeds").or(config.get("seed")).map(shown);
    let draws: Vec<String> = tables(config, "draw").map(draw).collect();
    let facts = [
        ("dataset", inside("data", "dataset").map(shown)),
        ("architecture", inside("model", "architecture").map(shown)),
        ("training", training(config)),
        ("draw", (!draws.is_empty()).then(|| draws.join("; "))),
        ("seeds", seeds),
        ("device", device),
        ("precision", (!precisions.is_empty()).then(|| precisions.join(", "))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// `182 epochs, batch 128, sgd lr 0.1`.
fn training(config: &Table) -> Option<String> {
    let train = config.get("train")?.as_table()?;
    let mut parts = Vec::new();
    parts.extend(train.get("epochs").map(|e| format!("{} epochs", shown(e))));
    parts.extend(train.get("batch_size").map(|b| format!("batch {}", shown(b))));
    if let Some(optimizer) = train.get("optimizer").and_then(Value::as_table) {
        let name = text(optimizer, "name").unwrap_or_default();
        let lr = optimizer.get("lr").map(|lr| format!(" lr {}", shown(lr))).unwrap_or_default();
        parts.push(format!("{name}{lr}"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `imp (magnitude, rewind init)`.
fn draw(draw: &Table) -> String {
    let name = text(draw, "name").unwrap_or("imp");
    let score = draw.get("score").map(shown);
    let rewind = draw.get("rewind").map(|r| format!("rewind {}", shown(r)));
    let other = [("schedule", "one-shot", "one shot"), ("prune_at", "init", "before training")];
    let other = other.into_iter().filter(|(key, value, _)| text(draw, key) == Some(value));
    let other = other.map(|(_, _, words)| words.to_owned());
    let from = draw.get("from").and_then(Value::as_table).filter(|from| !from.is_empty());
    let from = from.map(|from| {
        let keys: Vec<&str> = from.keys().map(String::as_str).collect();
        format!("{} from files", keys.join(" and "))
    });
    let details: Vec<String> = score.into_iter().chain(other).chain(rewind).chain(from).collect();
    match details.is_empty() {
        true => name.to_owned(),
        false => format!("{name} ({})", details.join(", ")),
    }
}

/// By recipe, what it sets otherwise than `[train]` and `[model]` do. A resolved config writes
/// every inherited key out, so only the values tell.
fn recipes(config: &Table) -> BTreeMap<String, String> {
    let inherited = |key: &str| {
        ["train", "model"].iter().find_map(|section| config.get(*section)?.as_table()?.get(key))
    };
    let change = |spend: &Table| {
        const OTHER: [&str; 5] = ["recipe", "draw", "levels", "ticket_seed", "trial_of"];
        const USUAL: [(&str, &str); 2] = [("mask", "own"), ("start", "rewind")];
        let changes: Vec<String> = spend
            .iter()
            .filter(|(key, _)| !OTHER.contains(&key.as_str()))
            .filter(|(key, value)| inherited(key) != Some(value))
            .map(|(key, value)| (key, shown(value)))
            .filter(|(key, value)| !USUAL.contains(&(key.as_str(), value.as_str())))
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        let changes = if changes.is_empty() { "no tweak".into() } else { changes.join("; ") };
        Some((text(spend, "recipe")?.to_owned(), changes))
    };
    let mut all: BTreeMap<String, String> = tables(config, "spend").filter_map(change).collect();
    for group in trials(config).into_values() {
        all.insert(group, "the best of its trials on validation".to_owned());
    }
    all
}

/// By recipe that is a trial: what it is a trial of.
fn trials(config: &Table) -> BTreeMap<String, String> {
    let trial = |spend: &Table| {
        Some((text(spend, "recipe")?.to_owned(), text(spend, "trial_of")?.to_owned()))
    };
    tables(config, "spend").filter_map(trial).collect()
}

fn notes(config: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for spend in tables(config, "spend") {
        let seed = spend.get("ticket_seed").and_then(Value::as_integer);
        if let (Some(recipe), Some(seed)) = (text(spend, "recipe"), seed) {
            out.push(format!(
                "{recipe} spends the one ticket of seed {seed} under every seed: its spread shows \
                 the noise of training, not that of drawing."
            ));
        }
    }
    let validation = config.get("data").and_then(|d| d.get("validation")?.as_integer());
    if validation == Some(0) {
        out.push(
            "There is no validation split, so the reported checkpoint is the last one.".to_owned(),
        );
    }
    out
}

/// A config value in words: plugins as `ghost-skip (fade = 60ep)`, strings bare.
fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => all.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Table(table) => {
            let head = ["plugin", "file", "name"].iter().find_map(|key| text(table, key));
            let params = table.get("params").and_then(Value::as_table);
            let list: Vec<String> = match (head, params) {
                (Some(_), Some(params)) => pairs(params),
                (Some(_), None) => vec![],
                (None, _) => pairs(table),
            };
            match (head, list.is_empty()) {
                (Some(head), true) => head.to_owned(),
                (Some(head), false) => format!("{head} ({})", list.join(", ")),
                (None, _) => list.join(", "),
            }
        }
        other => other.to_string(),
    }
}

fn pairs(table: &Table) -> Vec<String> {
    table.iter().map(|(key, value)| format!("{key} = {}", shown(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WRITTEN: &str = r#"
        seeds = [1, 2]
        device = "auto"
        [data]
        dataset = "cifar100"
        validation = 0
        [model]
        architecture = { plugin = "resnet20", params = { width = 16 } }
        [train]
        epochs = 182
        batch_size = 128
        optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
        [[draw]]
        score = { plugin = "magnitude" }
        rewind = "2ep"
        [[spend]]
        recipe = "vanilla"
        [[spend]]
        recipe = "pinned"
        ticket_seed = 42
        mask = "shuffled-global"
        skip = { plugin = "ghost-skip", params = { fade = "60ep" } }
    "#;

    #[test]
    fn facts_recipes_and_notes_of_a_written_config() {
        let about = about(WRITTEN, &json!({"device": "NVIDIA H200"}), &[]);
        let facts: Vec<String> = about.facts.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            facts,
            [
                "dataset=cifar100",
                "architecture=resnet20 (width = 16)",
                "training=182 epochs, batch 128, sgd lr 0.1",
                "draw=imp (magnitude, rewind 2ep)",
                "seeds=1, 2",
                "device=NVIDIA H200",
            ]
        );
        assert_eq!(about.recipes["vanilla"], "no tweak");
        let pinned = "mask: shuffled-global; skip: ghost-skip (fade = 60ep)";
        assert_eq!(about.recipes["pinned"], pinned);
        assert!(about.notes[0].contains("one ticket of seed 42"), "{:?}", about.notes);
        assert!(about.notes[1].contains("no validation split"), "{:?}", about.notes);
    }

    #[test]
    fn a_resolved_spend_is_compared_with_the_base() {
        let about = about(
            r#"
            [train]
            epochs = 2
            activation = "none"
            augmentation = [{ plugin = "crop-flip" }]
            loss = { plugin = "label-smoothing", params = { alpha = 0.1 } }
            [[spend]]
            recipe = "mish"
            mask = "own"
            ticket_seed = "own"
            epochs = 2
            activation = { plugin = "mish" }
            loss = "none"
            augmentation = []
            "#,
            &json!(null),
            &[],
        );
        assert_eq!(about.recipes["mish"], "activation: mish; augmentation: none; loss: none");
    }

    #[test]
    fn broken_files_leave_the_head_empty() {
        let about = about("not toml [", &json!(3), &[]);
        assert!(about.facts.is_empty() && about.notes.is_empty());
        assert_eq!(about.config, "not toml [");
    }
}
