//! What is to be checked.

use std::path::PathBuf;

use jackpot_plugin_api::manifest::{ItemManifest, Kind, Manifest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A file, and which of its items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub file: PathBuf,
    /// Only the items of that name.
    pub item: Option<String>,
    /// Only the items of that kind.
    pub kind: Option<Kind>,
    /// Parameters of the one item that is chosen.
    pub params: Option<Map<String, Value>>,
    /// Folders with plugins that the items may name.
    pub folders: Vec<PathBuf>,
    /// The places of the items that are still to do; `None`: all that are chosen.
    pub left: Option<Vec<usize>>,
}

impl Request {
    /// The places of the items that are asked for.
    ///
    /// # Errors
    ///
    /// No item of that name or kind; parameters for several. In words.
    pub fn choose(&self, manifest: &Manifest) -> Result<Vec<usize>, String> {
        if let Some(left) = &self.left {
            return Ok(left.clone());
        }
        let wanted = |item: &ItemManifest| {
            self.item.as_ref().is_none_or(|name| *name == item.name)
                && self.kind.is_none_or(|kind| kind.as_str() == item.kind)
        };
        let items = manifest.items.iter().enumerate();
        let chosen: Vec<usize> =
            items.filter(|(_, item)| wanted(item)).map(|(place, _)| place).collect();
        let file = self.file.display();
        if chosen.is_empty() {
            let all = names(manifest.items.iter());
            return Err(match all.as_str() {
                "" => format!("{file} exports no item"),
                all => format!("{file} has no such item; it has: {all}"),
            });
        }
        if self.params.is_some() && chosen.len() > 1 {
            let all = names(chosen.iter().map(|&place| &manifest.items[place]));
            return Err(format!(
                "--params are those of one item; choose it with --item and --kind: {all}"
            ));
        }
        Ok(chosen)
    }
}

fn names<'a>(items: impl Iterator<Item = &'a ItemManifest>) -> String {
    items.map(|item| format!("{} {}", item.kind, item.name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chosen(request: Value) -> Result<Vec<usize>, String> {
        let item = |kind: &str, name: &str| json!({ "kind": kind, "name": name });
        let items = [item("loss", "a"), item("init", "a"), item("loss", "b")];
        let manifest = json!({ "name": "x", "version": "1", "api": "1", "items": items });
        let mut all = json!({ "file": "x.so", "folders": [] });
        all.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
        let request: Request = serde_json::from_value(all).unwrap();
        request.choose(&serde_json::from_value(manifest).unwrap())
    }

    #[test]
    fn items_by_name_kind_and_place() {
        assert_eq!(chosen(json!({})).unwrap(), [0, 1, 2]);
        assert_eq!(chosen(json!({ "item": "a" })).unwrap(), [0, 1]);
        assert_eq!(chosen(json!({ "item": "a", "kind": "init", "params": {} })).unwrap(), [1]);
        assert_eq!(chosen(json!({ "left": [2] })).unwrap(), [2]);
        let text = chosen(json!({ "kind": "skip" })).unwrap_err();
        assert_eq!(text, "x.so has no such item; it has: loss a, init a, loss b");
        let text = chosen(json!({ "kind": "loss", "params": {} })).unwrap_err();
        assert!(text.ends_with("choose it with --item and --kind: loss a, loss b"), "{text}");
    }
}
