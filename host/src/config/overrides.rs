//! What the command line changes: `--set a.b=value`, `--seed`, `--device`.
//!
//! Each is a source of its own, merged into the file's tree, so that a mistake in it is shown in
//! the words of the command line.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::Fault;
use super::nearest::did_you_mean;
use super::read_toml::read_toml;
use super::tree::{Entry, Node, Pos, Source, Table, Val};

/// What the command line says about the config.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--set`: each `a.b=value`, where `value` is TOML; applied in order.
    pub set: Vec<String>,
    /// `--seed`: instead of `seed` or `seeds`.
    pub seeds: Option<Vec<u64>>,
    /// `--device`: instead of `device`.
    pub device: Option<String>,
    /// `--plugin-dir`: searched before `[plugins] path`; relative to the current folder.
    pub plugin_dirs: Vec<PathBuf>,
}

/// A step of the way to a value: its name and where that stands.
pub type Step = (String, Pos);

/// Merges all of them into the file's table; their texts join `sources`.
pub fn apply(
    overrides: &Overrides,
    root: &mut Table,
    sources: &mut Vec<Source>,
    faults: &mut Vec<Fault>,
) {
    for text in &overrides.set {
        let source = add_source(sources, "--set", text);
        match assignment(source, text) {
            Ok((path, node)) => {
                if let Err(fault) = insert(root, &path, node) {
                    faults.push(fault);
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(device) = &overrides.device {
        let source = add_source(sources, "--device", device);
        let pos = Pos { source, start: 0, end: device.len() };
        put(root, "device", pos, Node { pos, val: Val::Str(device.clone()) });
    }
    if let Some(seeds) = &overrides.seeds {
        let texts: Vec<String> = seeds.iter().map(u64::to_string).collect();
        let source = add_source(sources, "--seed", &texts.join(" "));
        let mut start = 0;
        let mut items = Vec::new();
        for (seed, text) in seeds.iter().zip(&texts) {
            let pos = Pos { source, start, end: start + text.len() };
            start = pos.end + 1;
            let val = i64::try_from(*seed).map_or_else(
                |_| {
                    let message = format!("a seed is at most {}", i64::MAX);
                    faults.push(Fault::new(pos, message).label("too large"));
                    Val::Bad
                },
                Val::Int,
            );
            items.push(Node { pos, val });
        }
        let pos = Pos { source, start: 0, end: start.saturating_sub(1) };
        root.entries.retain(|entry| entry.key != "seed");
        put(root, "seeds", pos, Node { pos, val: Val::List(items) });
    }
}

fn add_source(sources: &mut Vec<Source>, name: &str, text: &str) -> usize {
    sources.push(Source { name: name.to_owned(), text: Arc::from(text) });
    sources.len() - 1
}

/// Splits `a.b=value` into the way and the value.
fn assignment(source: usize, text: &str) -> Result<(Vec<Step>, Node), Fault> {
    let whole = Pos { source, start: 0, end: text.len() };
    let usage = "write --set key=value, e.g. --set train.epochs=3 or --set 'name=\"test\"'";
    let mut table = read_toml(source, text).map_err(|faults| {
        let first = faults.into_iter().next().unwrap_or_else(|| Fault::new(whole, "no TOML"));
        first.help(usage)
    })?;
    let mut path = Vec::new();
    loop {
        let entry = match table.entries.pop() {
            Some(entry) if table.entries.is_empty() => entry,
            _ => return Err(Fault::new(whole, "this is not one `key=value`").help(usage)),
        };
        // The dots and the `=` stand between the keys; `[a]` or a second line do not.
        let after = text.get(entry.key_pos.end..).unwrap_or_default().trim_start();
        path.push((entry.key, entry.key_pos));
        match (after.as_bytes().first(), entry.node.val) {
            (Some(b'='), val) => return Ok((path, Node { pos: entry.node.pos, val })),
            (Some(b'.'), Val::Table(inner)) => table = inner,
            _ => return Err(Fault::new(whole, "this is not one `key=value`").help(usage)),
        }
    }
}

/// Sets the value at the end of the way; tables that are missing on it are made.
pub fn insert(table: &mut Table, path: &[Step], node: Node) -> Result<(), Fault> {
    let Some(((key, pos), rest)) = path.split_first() else { return Ok(()) };
    let Some((next, _)) = rest.first() else {
        drop_alternatives(table, key);
        put(table, key, *pos, node);
        return Ok(());
    };
    if table.entry(key).is_none() {
        put(table, key, *pos, Node { pos: *pos, val: Val::Table(Table::default()) });
    }
    let Some(entry) = table.entry_mut(key) else { return Ok(()) };
    expand_shorthand(key, next, &mut entry.node);
    let found = entry.node.val.describe();
    match &mut entry.node.val {
        Val::Table(inner) => insert(inner, rest, node),
        Val::List(items) => insert_into_list(key, items, rest, node),
        _ => Err(Fault::new(*pos, format!("`{key}` is {found}: there is no `{next}` in it"))
            .label(found)),
    }
}

fn put(table: &mut Table, key: &str, key_pos: Pos, node: Node) {
    let entry = Entry { key: key.to_owned(), key_pos, node, given: true };
    match table.entry_mut(key) {
        Some(old) => *old = entry,
        None => table.entries.push(entry),
    }
}

/// Keys of the file that say the same in another way give way to the command line's.
fn drop_alternatives(table: &mut Table, key: &str) {
    let gone: &[&str] = match key {
        "seed" => &["seeds"],
        "seeds" => &["seed"],
        "keep" => &["levels", "fraction"],
        "levels" | "fraction" => &["keep"],
        _ => &[],
    };
    // Source 0 is the file: two options that exclude each other stay, and are reported.
    table.entries.retain(|old| old.key_pos.source != 0 || !gone.contains(&old.key.as_str()));
}

/// `"name"` becomes the table that it is short for, if the way leads into it.
fn expand_shorthand(key: &str, next: &str, node: &mut Node) {
    let Val::Str(text) = &node.val else { return };
    let name = match (key, next) {
        ("optimizer", _) => "name",
        (_, "params" | "plugin") => "plugin",
        _ => return,
    };
    let inner = Node { pos: node.pos, val: Val::Str(text.clone()) };
    let mut table = Table::default();
    put(&mut table, name, node.pos, inner);
    node.val = Val::Table(table);
}

/// The next step names an item of the list: a draw or recipe by its name, or a position from 0.
fn insert_into_list(key: &str, items: &mut [Node], path: &[Step], node: Node) -> Result<(), Fault> {
    let Some(((name, pos), rest)) = path.split_first() else { return Ok(()) };
    let names: Vec<Option<String>> = items.iter().map(|item| item_name(key, item)).collect();
    let by_name = names.iter().position(|known| known.as_deref() == Some(name));
    let by_index = || name.parse().ok().filter(|&index: &usize| index < items.len());
    let Some(item) = by_name.or_else(by_index).and_then(|index| items.get_mut(index)) else {
        let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        let fault = Fault::new(*pos, format!("`{key}` has no entry `{name}`")).label(did_you_mean(
            name,
            known.iter().copied(),
            "unknown",
        ));
        return Err(match (known.as_slice(), names.len()) {
            ([], 0) => fault.help(format!("`{key}` is empty")),
            ([], count) => fault.help(format!("its entries are numbered 0 to {}", count - 1)),
            (known, _) => fault.help(format!("its entries: {}", known.join(", "))),
        });
    };
    if rest.is_empty() {
        *item = node;
        return Ok(());
    }
    match &mut item.val {
        Val::Table(table) => insert(table, rest, node),
        val => {
            let found = val.describe();
            let message = format!("`{key}.{name}` is {found}: nothing can be set inside");
            Err(Fault::new(*pos, message).label(found))
        }
    }
}

fn item_name(key: &str, item: &Node) -> Option<String> {
    let table = item.table()?;
    let named = |key: &str| table.entry(key).and_then(|entry| entry.node.str());
    match key {
        "draw" => Some(named("name").unwrap_or("imp").to_owned()),
        _ => named("recipe").or(named("plugin")).map(str::to_owned),
    }
}
