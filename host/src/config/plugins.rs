//! A plugin's item as the config names it, and whether there is such an item.

use jackpot_plugin_api::manifest::{ItemManifest, Kind};

use super::context::Context;
use super::error::Fault;
use super::nearest::did_you_mean;
use super::params;
use super::tree::Node;
use super::types::{KnownItems, PluginRef};
use super::words::split_item;

/// Reads a plugin's table. Once the plugins are known, it must name one of them, and its
/// parameters are checked and completed; before, they are taken as they are written.
pub fn read(cx: &Context<'_>, kind: Kind, node: &Node) -> Option<PluginRef> {
    let table = node.table()?;
    let name = table.value("plugin")?;
    let plugin = match split_item(name.str()?) {
        (Some(file), item) => format!("{}:{item}", cx.path(file).display()),
        (None, item) => item.to_owned(),
    };
    cx.uses(kind, &plugin);
    let given = table.table("params")?;
    let params = match cx.known {
        None => params::as_written(cx, given)?,
        Some(known) => params::check(cx, find(cx, known, kind, &plugin, name)?, given, name.pos)?,
    };
    Some(PluginRef { plugin, params })
}

fn find<'a>(
    cx: &Context<'_>,
    known: &'a KnownItems,
    kind: Kind,
    plugin: &str,
    name: &Node,
) -> Option<&'a ItemManifest> {
    let item = known.get(&(kind.as_str().to_owned(), plugin.to_owned()));
    if item.is_none() {
        cx.report(unknown(known, kind, plugin, name));
    }
    item
}

fn unknown(known: &KnownItems, kind: Kind, plugin: &str, name: &Node) -> Fault {
    let other_kinds: Vec<&str> =
        known.keys().filter(|(_, item)| item == plugin).map(|(other, _)| other.as_str()).collect();
    let (file, item) = split_item(plugin);
    // Beside an item of a file stand the others of that file, else those of all folders.
    let same_place = |known: &str| match (split_item(known), file) {
        ((None, name), None) => Some(name.to_owned()),
        ((Some(other), name), Some(file)) if other == file => Some(name.to_owned()),
        _ => None,
    };
    let of_kind: Vec<String> = known
        .keys()
        .filter(|(other, _)| other == kind.as_str())
        .filter_map(|(_, item)| same_place(item))
        .collect();
    let place = file.map_or(String::new(), |file| format!(" in {file}"));
    let help = match of_kind.as_slice() {
        [] if file.is_some() => format!("there is no {kind}{place}"),
        [] => format!("no {kind} was found; `jackpot plugin list` shows the folders searched"),
        names => format!("{kind} plugins{place}: {}", names.join(", ")),
    };
    if other_kinds.is_empty() {
        let near = did_you_mean(item, of_kind.iter().map(String::as_str), "unknown");
        Fault::new(name.pos, format!("there is no {kind} named `{item}`{place}"))
            .label(near)
            .help(help)
    } else {
        let kinds = other_kinds.join(" and ");
        Fault::new(name.pos, format!("`{item}` is no {kind}"))
            .label(format!("its kind is {kinds}"))
            .help(help)
    }
}
