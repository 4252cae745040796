//! Checks a tree against the tables of keys, and fills in the defaults.
//!
//! What is wrong is reported and becomes [`Val::Bad`], so that the rest is still checked. What is
//! right takes one form: an item alone becomes a list, a plugin's name a table, a whole number a
//! float where a float is meant.

use super::complaints::{mismatch, missing_key, misspelt_keyword, subject, unknown_key};
use super::error::Fault;
use super::keys::{Presence, Section, Shape};
use super::read_toml::read_toml;
use super::tables::ROOT;
use super::tree::{Entry, Node, Pos, Table, Val};
use super::values::{GRAPH_FILE, OPTIMIZER_NAMES, OPTIMIZERS, PLUGIN, TEACHER};
use super::words::ITEM;

/// Checks the whole config.
pub fn check_root(table: Table, pos: Pos, faults: &mut Vec<Fault>) -> Table {
    check_table(&ROOT, table, pos, faults)
}

/// Checks a table: unknown keys, missing keys, defaults, and every value.
fn check_table(section: &Section, table: Table, pos: Pos, faults: &mut Vec<Fault>) -> Table {
    let mut checked = Table::default();
    for entry in table.entries {
        let Some(key) = section.key(&entry.key) else {
            faults.push(unknown_key(section, &entry));
            continue;
        };
        let node = check(&subject(key), &key.shape, entry.node, faults);
        checked.entries.push(Entry { node, ..entry });
    }
    for key in section.keys {
        if checked.entry(key.name).is_some() {
            continue;
        }
        let node = match key.presence {
            Presence::Optional | Presence::Inherited => continue,
            Presence::Required => {
                faults.push(missing_key(section, pos, key));
                Node { pos, val: Val::Bad }
            }
            Presence::Default(text) => check(&subject(key), &key.shape, literal(text, pos), faults),
        };
        let key = key.name.to_owned();
        checked.entries.push(Entry { key, key_pos: pos, node, given: false });
    }
    checked
}

/// A default's TOML as a value that stands at `pos`.
fn literal(text: &str, pos: Pos) -> Node {
    fn place(node: &mut Node, pos: Pos) {
        node.pos = pos;
        match &mut node.val {
            Val::List(items) => items.iter_mut().for_each(|item| place(item, pos)),
            Val::Table(table) => table.entries.iter_mut().for_each(|entry| {
                entry.key_pos = pos;
                place(&mut entry.node, pos);
            }),
            _ => {}
        }
    }
    let parsed = read_toml(pos.source, &format!("default = {text}")).ok();
    let node = parsed.and_then(|mut table| table.entries.pop()).map(|entry| entry.node);
    let mut node = node.unwrap_or(Node { pos, val: Val::Bad });
    place(&mut node, pos);
    node
}

/// Checks one value. `subject` names it at the start of a message.
fn check(subject: &str, shape: &Shape, node: Node, faults: &mut Vec<Fault>) -> Node {
    let Node { pos, val } = node;
    let val = match (shape, val) {
        (_, Val::Bad) => Val::Bad,
        (Shape::Or(keyword, _), Val::Str(text)) if text == *keyword => Val::Keyword,
        (Shape::Or(keyword, shape), val) => {
            if let Some(fault) = misspelt_keyword(subject, keyword, shape, &val, pos) {
                faults.push(fault);
                Val::Bad
            } else {
                check(subject, shape, Node { pos, val }, faults).val
            }
        }
        (Shape::Bool, Val::Bool(value)) => Val::Bool(value),
        (Shape::Int { min, max }, Val::Int(value)) if (min..=max).contains(&&value) => {
            Val::Int(value)
        }
        (Shape::Float(bounds), Val::Int(value)) if bounds.contains(value as f64) => {
            Val::Float(value as f64)
        }
        (Shape::Float(bounds), Val::Float(value)) if bounds.contains(value) => Val::Float(value),
        (Shape::Path, Val::Str(text)) if !text.is_empty() => Val::Str(text),
        (Shape::Word(word), Val::Str(text)) if (word.ok)(&text) => Val::Str(text),
        (Shape::Choice(names), Val::Str(text)) if names.contains(&text.as_str()) => Val::Str(text),
        (Shape::List { item, min, max, unique }, Val::List(items)) => {
            check_list(subject, pos, items, (item, *min, *max, *unique), faults)
        }
        (Shape::OneOrMany { item, unique }, Val::List(items)) => {
            let min = usize::from(!matches!(item, Shape::Plugin(_)));
            check_list(subject, pos, items, (item, min, usize::MAX, *unique), faults)
        }
        (Shape::OneOrMany { item, .. }, val) => {
            Val::List(vec![check(subject, item, Node { pos, val }, faults)])
        }
        (Shape::Plugin(_) | Shape::Architecture, Val::Str(text)) if !(ITEM.ok)(&text) => {
            faults.push(mismatch(subject, &Shape::Word(&ITEM), &Val::Str(text), pos));
            Val::Bad
        }
        (Shape::Plugin(_) | Shape::Architecture, Val::Str(text)) => {
            let table = shorthand("plugin", text, pos);
            Val::Table(check_table(&PLUGIN, table, pos, faults))
        }
        (Shape::Architecture, Val::Table(table)) if table.given("file") => {
            Val::Table(check_table(&GRAPH_FILE, table, pos, faults))
        }
        (Shape::Plugin(_) | Shape::Architecture, Val::Table(table)) => {
            Val::Table(check_table(&PLUGIN, table, pos, faults))
        }
        (Shape::Optimizer, Val::Str(text)) => {
            check_optimizer(subject, shorthand("name", text, pos), pos, faults)
        }
        (Shape::Optimizer, Val::Table(table)) => check_optimizer(subject, table, pos, faults),
        (Shape::Teacher, Val::Str(text)) if text == "dense" => Val::Str(text),
        (Shape::Teacher, Val::Table(table)) => {
            Val::Table(check_table(&TEACHER, table, pos, faults))
        }
        (Shape::Params, Val::Table(table)) => Val::Table(table),
        (Shape::Section(section), Val::Table(table)) => {
            Val::Table(check_table(section, table, pos, faults))
        }
        (Shape::Sections(section, min), Val::List(items)) if items.len() >= *min => {
            Val::List(check_sections(section, items, faults))
        }
        (shape, val) => {
            faults.push(mismatch(subject, shape, &val, pos));
            Val::Bad
        }
    };
    Node { pos, val }
}

fn shorthand(key: &str, text: String, pos: Pos) -> Table {
    let node = Node { pos, val: Val::Str(text) };
    Table { entries: vec![Entry { key: key.to_owned(), key_pos: pos, node, given: true }] }
}

fn check_list(
    subject: &str,
    pos: Pos,
    items: Vec<Node>,
    (shape, min, max, unique): (&Shape, usize, usize, bool),
    faults: &mut Vec<Fault>,
) -> Val {
    if items.len() < min || items.len() > max {
        let message = match (min, max) {
            (1, usize::MAX) => format!("{subject} must not be empty"),
            _ => format!("{subject} must have {min} entries, not {}", items.len()),
        };
        faults.push(Fault::new(pos, message).label("this list"));
        return Val::Bad;
    }
    let mut checked: Vec<Node> = Vec::with_capacity(items.len());
    let subject = format!("an entry of {subject}");
    for item in items {
        let item = check(&subject, shape, item, faults);
        let same = |other: &&Node| match (&other.val, &item.val) {
            (Val::Int(a), Val::Int(b)) => a == b,
            (Val::Str(a), Val::Str(b)) => a == b,
            _ => false,
        };
        if let Some(first) = checked.iter().find(same).filter(|_| unique) {
            let fault = Fault::new(item.pos, format!("{subject} stands twice in the list"))
                .label("the second time")
                .also(first.pos, "the first time");
            faults.push(fault);
            continue;
        }
        checked.push(item);
    }
    Val::List(checked)
}

fn check_sections(section: &Section, items: Vec<Node>, faults: &mut Vec<Fault>) -> Vec<Node> {
    let mut checked = Vec::with_capacity(items.len());
    for Node { pos, val } in items {
        let val = match val {
            Val::Table(table) => Val::Table(check_table(section, table, pos, faults)),
            Val::Bad => Val::Bad,
            other => {
                let found = other.describe();
                let message = format!("each {} must be a table, not {found}", section.title);
                faults.push(Fault::new(pos, message).label(found));
                Val::Bad
            }
        };
        checked.push(Node { pos, val });
    }
    checked
}

fn check_optimizer(subject: &str, table: Table, pos: Pos, faults: &mut Vec<Fault>) -> Val {
    let (name, pos_of_name) = match table.entry("name") {
        Some(Entry { node, .. }) => (node.val.clone(), node.pos),
        None => {
            (OPTIMIZERS.first().map_or(Val::Bad, |(name, _)| Val::Str((*name).to_owned())), pos)
        }
    };
    let named = |known: &str| matches!(&name, Val::Str(name) if name == known);
    match OPTIMIZERS.iter().find(|(known, _)| named(known)) {
        Some((_, section)) => Val::Table(check_table(section, table, pos, faults)),
        None => {
            // Which other keys are right depends on the name.
            faults.push(mismatch(subject, &Shape::Choice(OPTIMIZER_NAMES), &name, pos_of_name));
            Val::Bad
        }
    }
}
