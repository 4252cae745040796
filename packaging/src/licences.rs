//! The licences of the crates that are in the binaries: their texts have to go where they go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::error::{Failure, io};

/// The file's name in the packages.
pub const NAME: &str = "LICENSES-THIRD-PARTY.txt";
/// How the files of a crate that have to be passed on begin.
const NOTICES: [&str; 4] = ["licen", "copying", "notice", "copyright"];

/// A crate of somebody else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
    manifest: String,
}

/// Names, versions and licences of all crates that are linked into what is shipped, and the texts
/// that come with them.
///
/// # Errors
///
/// cargo cannot say which they are, or a text cannot be read.
pub fn third_party(root: &Path) -> Result<String, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .map_err(io("start cargo in", root))?;
    if !output.status.success() {
        return Err(Failure::Metadata(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| Failure::Metadata(error.to_string()))?;
    let crates = linked(&metadata).ok_or_else(|| Failure::Metadata("it lacks parts".to_owned()))?;
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut page = "The programs and plugins of Jackpot contain these crates, each under its own \
                    licence.\nThe texts follow.\n\n"
        .to_owned();
    for one in &crates {
        let name = format!("{} {}", one.name, one.version);
        let _ = writeln!(page, "{name}: {}", one.licence);
        let folder = Path::new(&one.manifest).parent().unwrap_or(root);
        for text in notices(folder)? {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    for (text, names) in &texts {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let line = "=".repeat(80);
        let _ = write!(page, "\n{line}\n{}\n{line}\n\n{}\n", names.join(", "), text.trim_end());
    }
    Ok(page)
}

/// The texts in a crate's folder.
fn notices(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(io("read", folder))? {
        let path = entry.map_err(io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && NOTICES.iter().any(|notice| name.starts_with(notice)) {
            let bytes = fs::read(&path).map_err(io("read", &path))?;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(texts)
}

/// The crates that are not ours and are linked into ours that are shipped: those that are built by
/// a plain `cargo build`.
fn linked(metadata: &Value) -> Option<BTreeSet<Crate>> {
    let ids = |value: &Value| -> Option<Vec<String>> {
        value.as_array()?.iter().map(|id| Some(id.as_str()?.to_owned())).collect()
    };
    let ours: BTreeSet<String> = ids(&metadata["workspace_members"])?.into_iter().collect();
    let mut open = ids(&metadata["workspace_default_members"])?;
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let nodes = metadata["resolve"]["nodes"].as_array()?;
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    while let Some(id) = open.pop() {
        if !reached.insert(id.clone()) {
            continue;
        }
        for needed in nodes.get(id.as_str())?["deps"].as_array()? {
            // Not those for tests and build scripts.
            let kinds = needed["dep_kinds"].as_array()?;
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                open.push(needed["pkg"].as_str()?.to_owned());
            }
        }
    }
    let mut crates = BTreeSet::new();
    for package in metadata["packages"].as_array()? {
        let id = package["id"].as_str()?;
        if reached.contains(id) && !ours.contains(id) {
            let text = |key: &str| package[key].as_str().map(str::to_owned);
            crates.insert(Crate {
                name: text("name")?,
                version: text("version")?,
                licence: text("license").unwrap_or_else(|| "see its text".to_owned()),
                manifest: text("manifest_path")?,
            });
        }
    }
    Some(crates)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_linked_is_what_is_needed_to_run() {
        let package = |name: &str| {
            json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT",
                    "manifest_path": format!("/{name}/Cargo.toml") })
        };
        let dep = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let names = ["ours", "task", "a", "b", "build", "dev", "chore"];
        let metadata = json!({
            "packages": names.map(package),
            "workspace_members": ["ours", "task"],
            "workspace_default_members": ["ours"],
            "resolve": { "nodes": [
                { "id": "ours", "deps": [
                    dep("a", Value::Null), dep("build", json!("build")), dep("dev", json!("dev"))
                ] },
                { "id": "task", "deps": [dep("chore", Value::Null)] },
                { "id": "a", "deps": [dep("b", Value::Null)] },
                { "id": "b", "deps": [] },
            ] },
        });
        let crates = linked(&metadata).unwrap();
        let found: Vec<&str> = crates.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(found, ["a", "b"]);
    }

    #[test]
    fn texts_are_known_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["LICENSE-MIT", "license.md", "NOTICE", "COPYING", "README.md"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let mut found = notices(folder.path()).unwrap();
        found.sort();
        assert_eq!(found, ["COPYING", "LICENSE-MIT", "NOTICE", "license.md"]);
    }
}
