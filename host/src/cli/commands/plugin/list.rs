//! `jackpot plugin list`.

use std::path::PathBuf;

use jackpot_plugin_api::manifest::Kind;
use serde_json::{Value, json};

use crate::cli::args::PluginFolders;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words;
use crate::engine::plugin_folders;
use crate::plugin::{LoadError, Registry};

/// What `plugin list` shows.
struct Listing {
    /// Sorted by kind, in the order of the documentation, and name.
    items: Vec<Item>,
    broken: Vec<LoadError>,
    searched: Vec<PathBuf>,
}

struct Item {
    kind: String,
    name: String,
    summary: String,
    version: String,
    sha256: String,
    path: PathBuf,
}

/// Prints the plugins that are found.
pub fn list(
    folders: &PluginFolders,
    kind: Option<Kind>,
    json: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let listing = Listing::read(plugin_folders(&folders.plugin_dir), kind);
    match json {
        true => terminal.print(&format!("{:#}\n", listing.json())),
        false => terminal.print(&listing.text(terminal.table_width())),
    }
}

impl Listing {
    fn read(folders: Vec<PathBuf>, kind: Option<Kind>) -> Self {
        let registry = Registry::discover(&folders);
        let mut items: Vec<Item> = registry
            .items()
            .filter(|found| kind.is_none_or(|kind| found.manifest().kind == kind.as_str()))
            .map(|found| Item {
                kind: found.manifest().kind.clone(),
                name: found.manifest().name.clone(),
                summary: found.manifest().summary().to_owned(),
                version: found.file.manifest.version.clone(),
                sha256: found.file.sha256.clone(),
                path: found.file.path.clone(),
            })
            .collect();
        items.sort_by_cached_key(|item| {
            let place = Kind::ALL.iter().position(|kind| kind.as_str() == item.kind);
            (place.unwrap_or(usize::MAX), item.kind.clone(), item.name.clone(), item.path.clone())
        });
        Self { items, broken: registry.broken().to_vec(), searched: folders }
    }

    fn text(&self, width: usize) -> String {
        let mut out = String::new();
        if self.items.is_empty() {
            out.push_str("no plugin was found\n");
        } else {
            let mut rows = vec![["kind", "name", "summary", "file"].map(str::to_owned).to_vec()];
            rows.extend(self.items.iter().map(|item| {
                let file = item.path.file_name().unwrap_or_default().to_string_lossy();
                vec![item.kind.clone(), item.name.clone(), item.summary.clone(), file.into_owned()]
            }));
            out.push_str(&words::columns(&rows, 2, width));
        }
        for (first, second) in self.twice() {
            out.push_str(&format!(
                "\n{} `{}` is in two different files; a config has to name one of them:\n  \
                 {}:{}\n  {}:{}\n",
                first.kind,
                first.name,
                first.path.display(),
                first.name,
                second.path.display(),
                second.name
            ));
        }
        if !self.broken.is_empty() {
            out.push_str("\nnot usable:\n");
            for LoadError { path, problem } in &self.broken {
                out.push_str(&format!("  {}\n", path.display()));
                out.push_str(&words::wrap(&problem.to_string(), 4, width));
                out.push('\n');
            }
        }
        out.push_str("\nsearched:\n");
        for folder in &self.searched {
            let missing = if folder.is_dir() { "" } else { " (not there)" };
            out.push_str(&format!("  {}{missing}\n", folder.display()));
        }
        out
    }

    /// Items of one kind and name in different files.
    fn twice(&self) -> impl Iterator<Item = (&Item, &Item)> {
        let same = |(a, b): &(&Item, &Item)| a.kind == b.kind && a.name == b.name;
        self.items.iter().zip(self.items.iter().skip(1)).filter(same)
    }

    fn json(&self) -> Value {
        let items = self.items.iter().map(|item| {
            json!({
                "kind": item.kind, "name": item.name, "summary": item.summary,
                "version": item.version, "file": item.path, "sha256": item.sha256,
            })
        });
        let broken = self.broken.iter().map(
            |LoadError { path, problem }| json!({ "file": path, "problem": problem.to_string() }),
        );
        json!({
            "plugins": items.collect::<Vec<_>>(),
            "broken": broken.collect::<Vec<_>>(),
            "searched": self.searched,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::words::len;
    use crate::plugin::error::LoadProblem;

    fn listing() -> Listing {
        let item = |kind: &str, name: &str, summary: &str, path: &str| Item {
            kind: kind.into(),
            name: name.into(),
            summary: summary.into(),
            version: "0.1.0".into(),
            sha256: "00".into(),
            path: path.into(),
        };
        Listing {
            items: vec![
                item("activation", "mish", "x · tanh(softplus(x)), Misra 2019.", "/a/libmish.so"),
                item("activation", "swish", "x · sigmoid(βx).", "/a/libswish.so"),
                item("activation", "swish", "Another.", "/b/other.so"),
            ],
            broken: vec![LoadProblem::Empty.of("/a/empty.so")],
            searched: vec!["/".into(), "/nowhere/at/all".into()],
        }
    }

    #[test]
    fn a_table_then_what_is_wrong_then_where_was_looked() {
        assert_eq!(
            listing().text(60),
            "\
kind        name   summary                       file
activation  mish   x · tanh(softplus(x)), Misr…  libmish.so
activation  swish  x · sigmoid(βx).              libswish.so
activation  swish  Another.                      other.so

activation `swish` is in two different files; a config has to name one of them:
  /a/libswish.so:swish
  /b/other.so:swish

not usable:
  /a/empty.so
    the file is empty; copy it again

searched:
  /
  /nowhere/at/all (not there)
"
        );
        let table = listing().text(45);
        assert!(table.lines().take(4).all(|line| len(line) <= 45), "{table}");
    }

    #[test]
    fn json_has_the_same() {
        let json = listing().json();
        assert_eq!(json["plugins"][1]["name"], "swish");
        assert_eq!(json["broken"][0]["problem"], "the file is empty; copy it again");
        assert_eq!(json["searched"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broken.so"), "").unwrap();
        let listing = Listing::read(vec![folder.path().to_owned()], None);
        let text = listing.text(80);
        assert!(text.starts_with("no plugin was found\n\nnot usable:\n"), "{text}");
        assert!(text.contains("broken.so\n    the file is empty"), "{text}");
    }
}
