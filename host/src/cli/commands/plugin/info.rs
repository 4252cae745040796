//! `jackpot plugin info`: an item's manual, from what its author wrote beside the code.

use std::path::Path;

use jackpot_plugin_api::manifest::{ItemManifest, Kind, ParamSpec};
use serde_json::{Value, json};

use super::snippet::{snippet, toml_of};
use super::tensors::{Declared, declared_by};
use crate::cli::args::PluginFolders;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words::{len, wrap};
use crate::engine::plugin_folders;
use crate::plugin::registry::split_reference;
use crate::plugin::{Found, Registry};

/// Describes a plugin.
pub fn info(
    name: &str,
    kind: Option<Kind>,
    json: bool,
    folders: &PluginFolders,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut registry = Registry::discover(&plugin_folders(&folders.plugin_dir));
    if let Some((file, _)) = split_reference(name) {
        registry.add_file(Path::new(file)).map_err(Failure::other)?;
    }
    let found = find(&registry, name, kind)?;
    let declared = declared_by(&registry, &found, name);
    match json {
        true => terminal.print(&format!("{:#}\n", as_json(&found, declared.as_ref()))),
        false => {
            let (item, file) = (found.manifest(), about(&found));
            terminal.print(&text(item, declared.as_ref(), &file, name, terminal.width()))
        }
    }
}

/// The item of that name, of any kind unless one is given.
fn find(registry: &Registry, name: &str, kind: Option<Kind>) -> Result<Found, Failure> {
    if let Some(kind) = kind {
        return Ok(registry.find(kind, name)?);
    }
    let plain = split_reference(name).map_or(name, |(_, plain)| plain);
    let mut kinds: Vec<String> = registry
        .items()
        .filter(|found| found.manifest().name == plain)
        .map(|found| found.manifest().kind.clone())
        .collect();
    kinds.sort();
    kinds.dedup();
    match kinds.as_slice() {
        [] => Err(Failure::usage(unknown(registry, name, plain))),
        [only] => match Kind::from_name(only) {
            Some(kind) => Ok(registry.find(kind, name)?),
            None => Err(Failure::usage(format!(
                "`{plain}` is of the kind `{only}`, which this Jackpot does not know; update \
                 Jackpot"
            ))),
        },
        several => {
            let kinds = several.join(", ");
            Err(Failure::usage(format!("`{name}` is the name of several: say --kind ({kinds})")))
        }
    }
}

fn unknown(registry: &Registry, name: &str, plain: &str) -> String {
    let names: Vec<String> = registry.items().map(|found| found.manifest().name.clone()).collect();
    let near = names
        .iter()
        .map(|known| (strsim::jaro_winkler(known, plain), known))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| format!("; did you mean `{known}`?"));
    let near = near.unwrap_or_default();
    format!("no plugin `{name}` was found{near}\n{}", registry.search_report())
}

/// What is known of the file, in rows.
fn about(found: &Found) -> Vec<[String; 2]> {
    let manifest = &found.file.manifest;
    vec![
        ["path".to_owned(), found.file.path.display().to_string()],
        ["crate".to_owned(), format!("{} {}", manifest.name, manifest.version)],
        ["api".to_owned(), format!("jackpot-plugin-api {}", manifest.api)],
        ["sha256".to_owned(), found.file.sha256.clone()],
    ]
}

fn as_json(found: &Found, declared: Option<&Declared>) -> Value {
    let (item, file) = (found.manifest(), &found.file);
    let mut json = json!(item);
    json["file"] = json!(file.path);
    json["crate"] = json!(file.manifest.name);
    json["version"] = json!(file.manifest.version);
    json["api"] = json!(file.manifest.api);
    json["sha256"] = json!(file.sha256);
    json["example"] = json!(snippet(item, &item.name));
    json["tensors"] = json!(declared.map(|declared| &declared.tensors));
    json["tensors_site"] = json!(declared.map(|declared| &declared.site));
    json
}

/// The manual in lines of at most `width` characters, apart from paths and the example.
fn text(
    item: &ItemManifest,
    declared: Option<&Declared>,
    file: &[[String; 2]],
    name: &str,
    width: usize,
) -> String {
    let mut out = format!("{} {}\n", item.kind, item.name);
    out.push_str(&format!("\nin a config:\n{}\n", as_it_stands(&snippet(item, name))));
    if !item.docs.trim().is_empty() {
        out.push_str(&format!("\n{}\n", wrap(item.docs.trim(), 2, width)));
    }
    out.push_str("\nparameters:\n");
    if item.params.is_empty() {
        out.push_str("  none\n");
    }
    let longest = item.params.iter().map(|param| len(&param.name)).max().unwrap_or(0);
    for param in &item.params {
        let rest = wrap(&values(param), longest + 4, width);
        let first = format!("  {:<longest$}  {}", param.name, rest.trim_start());
        out.push_str(&format!("{first}\n"));
        if !param.docs.trim().is_empty() {
            out.push_str(&format!("{}\n", wrap(param.docs.trim(), longest + 4, width)));
        }
    }
    if !item.knobs.is_empty() {
        out.push_str("\nknobs (numbers that follow the training's progress):\n");
        out.push_str(&format!("{}\n", wrap(&item.knobs.join(", "), 2, width)));
    }
    if let Some(declared) = declared {
        out.push_str(&format!("\n{}:\n", declared.heading()));
        let rows = declared.rows();
        let longest = rows.iter().map(|[name, _]| len(name)).max().unwrap_or(0);
        for [name, about] in rows {
            let rest = wrap(&about, longest + 4, width);
            out.push_str(&format!("  {name:<longest$}  {}\n", rest.trim_start()));
        }
    }
    out.push_str("\nfile:\n");
    for [key, value] in file {
        out.push_str(&format!("  {key:<6}  {value}\n"));
    }
    out
}

/// An example keeps its lines.
fn as_it_stands(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// `a number from 0 to 1; default 0.1`.
fn values(param: &ParamSpec) -> String {
    let mut text = match param.choices.as_slice() {
        [] => param.ty.describe().to_owned(),
        choices => {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("{choice:?}")).collect();
            quoted.join(" or ")
        }
    };
    if let Some(range) = &param.range {
        text.push_str(&format!(", {range}"));
    }
    let default = param.default.as_ref().filter(|default| !default.is_null());
    match default.and_then(|default| toml_of(default, param.ty)) {
        Some(default) => text.push_str(&format!("; default {default}")),
        None if param.optional || param.default.is_some() => text.push_str("; may be left out"),
        None => text.push_str("; required"),
    }
    text
}

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::ctx::Site;
    use jackpot_plugin_api::declared::DeclaredTensor;

    use super::*;

    fn item() -> ItemManifest {
        let json = json!({
            "kind": "loss",
            "name": "smooth",
            "docs": "Softens targets:\nfar classes get a little, too.\n\nSzegedy et al. 2016.",
            "params": [
                { "name": "alpha", "type": "float", "default": 0.1,
                  "range": { "min": 0.0, "max": 1.0 }, "docs": "The share of all classes." },
                { "name": "until", "type": "duration", "docs": "When it ends." },
                { "name": "mode", "type": "string", "default": "uniform",
                  "choices": ["uniform", "prior"] },
                { "name": "seed", "type": "int", "optional": true }
            ],
            "knobs": ["alpha"]
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn everything_that_an_author_said() {
        let file = [["path".to_owned(), "/a/libsmooth.so".to_owned()]];
        let site = Site { name: "loss".to_owned(), shape: Vec::new() };
        let tensors = vec![DeclaredTensor::trainable("scale", &[], 1.0)];
        let declared = Declared { site, tensors };
        assert_eq!(
            text(&item(), Some(&declared), &file, "smooth", 60),
            "\
loss smooth

in a config:
  [train]    # or [[spend]]
  loss = { plugin = \"smooth\", params = { alpha = 0.1, until = \"1ep\", mode = \"uniform\" } }

  Softens targets: far classes get a little, too.

  Szegedy et al. 2016.

parameters:
  alpha  a number, from 0 to below 1; default 0.1
         The share of all classes.
  until  a duration such as \"2ep\" or \"500it\"; required
         When it ends.
  mode   \"uniform\" or \"prior\"; default \"uniform\"
  seed   a whole number; may be left out

knobs (numbers that follow the training's progress):
  alpha

tensors (kept by the host):
  scale  one number, begins with 1; trained, without weight
         decay

file:
  path    /a/libsmooth.so
"
        );
    }

    #[test]
    fn narrow_texts_break() {
        let text = text(&item(), None, &[], "smooth", 40);
        let (_, prose) = text.split_once("\n\n  Softens").unwrap();
        let prose = prose.split("\nfile:").next().unwrap();
        assert!(prose.lines().all(|line| len(line) <= 40 || line.starts_with("knobs")), "{prose}");
    }

    #[test]
    fn an_unknown_name_says_where_was_looked() {
        let registry = Registry::discover(&["/nowhere/at/all".into()]);
        let error = find(&registry, "swish", None).unwrap_err();
        assert_eq!(error.code(), 2);
        assert_eq!(
            error.message(),
            "no plugin `swish` was found\nsearched:\n  /nowhere/at/all (not there)"
        );
    }
}
