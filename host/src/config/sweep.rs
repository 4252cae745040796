//! `sweep` of a `[[spend]]`: one recipe becomes a trial for every combination of values.
//!
//! It is expanded before anything is checked, so a trial is a recipe like any other: it stands in
//! the resolved config, has jobs of its own, and a wrong value is told where it was written.

use super::error::Fault;
use super::overrides::{Step, insert};
use super::tree::{Entry, Node, Table, Val};

/// The most trials of one recipe: more is a slip of the pen.
const MOST: usize = 100;

/// One key and the values it is to have.
type Axis<'a> = (Vec<Step>, &'a [Node]);

/// Replaces every recipe that has `sweep` by its trials.
pub fn expand(root: &mut Table, faults: &mut Vec<Fault>) {
    let inherited: Vec<Entry> = ["model", "train"]
        .into_iter()
        .filter_map(|section| root.entry(section)?.node.table())
        .flat_map(|table| table.entries.clone())
        .collect();
    let Some(Val::List(spends)) = root.entry_mut("spend").map(|entry| &mut entry.node.val) else {
        return;
    };
    let all = std::mem::take(spends);
    spends.extend(all.into_iter().flat_map(|spend| trials(spend, &inherited, faults)));
}

fn trials(spend: Node, inherited: &[Entry], faults: &mut Vec<Fault>) -> Vec<Node> {
    let Val::Table(table) = &spend.val else { return vec![spend] };
    let Some(sweep) = table.entry("sweep").cloned() else { return vec![spend] };
    let mut base = table.clone();
    base.entries.retain(|entry| entry.key != "sweep");
    let plain = |table: Table| Node { pos: spend.pos, val: Val::Table(table) };
    if let Some(given) = base.entry("trial_of") {
        let fault = Fault::new(given.key_pos, "`sweep` already makes trials of the recipe");
        faults.push(fault.label("not beside it").also(sweep.key_pos, "the sweep"));
        return vec![plain(base)];
    }
    let mut axes = Vec::new();
    if let Err(fault) = flatten(&[], &sweep.node, &mut axes) {
        faults.push(fault);
        return vec![plain(base)];
    }
    let count =
        axes.iter().try_fold(1, |count: usize, (_, values)| count.checked_mul(values.len()));
    if axes.is_empty() || count.is_none_or(|count| count > MOST) {
        let message = match axes.is_empty() {
            true => "`sweep` names no key".to_owned(),
            false => format!("`sweep` makes more than {MOST} trials"),
        };
        faults.push(Fault::new(sweep.node.pos, message).help(USAGE));
        return vec![plain(base)];
    }
    // Without a name there is nothing to call the trials; that it is missing is told later.
    let Some(name) = base.entry("recipe").and_then(|entry| entry.node.str()).map(str::to_owned)
    else {
        return vec![plain(base)];
    };
    let mut made = vec![(name.clone(), base)];
    for (way, values) in &axes {
        let with = |(name, table): &(String, Table)| {
            let one = |value: &Node| one_value(name, table, (way, value), inherited);
            values.iter().map(one).collect::<Vec<_>>()
        };
        let next: Result<Vec<_>, Fault> = made.iter().flat_map(with).collect();
        match next {
            Ok(next) => made = next,
            Err(fault) => {
                faults.push(fault);
                return Vec::new();
            }
        }
    }
    let finish = |(trial, mut table): (String, Table)| {
        if let Some(entry) = table.entry_mut("recipe") {
            entry.node.val = Val::Str(trial);
        }
        let node = Node { pos: sweep.key_pos, val: Val::Str(name.clone()) };
        let (key, key_pos) = ("trial_of".to_owned(), sweep.key_pos);
        table.entries.push(Entry { key, key_pos, node, given: true });
        plain(table)
    };
    made.into_iter().map(finish).collect()
}

const USAGE: &str = "write sweep = { \"optimizer.lr\" = [0.05, 0.1] }";

/// The ways to all lists: `{ "optimizer.lr" = […] }` and `{ optimizer = { lr = […] } }` are the
/// same.
fn flatten<'a>(way: &[Step], node: &'a Node, axes: &mut Vec<Axis<'a>>) -> Result<(), Fault> {
    match &node.val {
        Val::Table(table) => {
            for entry in &table.entries {
                let parts = entry.key.split('.').map(|part| (part.to_owned(), entry.key_pos));
                let way: Vec<Step> = way.iter().cloned().chain(parts).collect();
                flatten(&way, &entry.node, axes)?;
            }
            Ok(())
        }
        Val::List(values) if !values.is_empty() && !way.is_empty() => {
            let own = ["recipe", "draw", "levels", "trial_of", "ticket_seed", "sweep"];
            if let Some((key, pos)) = way.first().filter(|(key, _)| own.contains(&key.as_str())) {
                let message = format!("`{key}` cannot be swept: trials differ in how they train");
                return Err(Fault::new(*pos, message).label("not this key"));
            }
            axes.push((way.to_vec(), values));
            Ok(())
        }
        other => {
            let found = other.describe();
            let fault = Fault::new(node.pos, "a key of `sweep` has a list of values");
            Err(fault.label(format!("found {found}")).help(USAGE))
        }
    }
}

/// The recipe with one more key set, and its name with that.
fn one_value(
    name: &str,
    table: &Table,
    (way, value): (&[Step], &Node),
    inherited: &[Entry],
) -> Result<(String, Table), Fault> {
    let mut table = table.clone();
    // Setting a part of a value keeps the rest of it, wherever it is written.
    if let [(first, _), _, ..] = way
        && table.entry(first).is_none()
    {
        table.entries.extend(inherited.iter().find(|entry| entry.key == *first).cloned());
    }
    insert(&mut table, way, value.clone())?;
    let key = way.last().map(|(key, _)| key.as_str()).unwrap_or_default();
    Ok((format!("{name}@{key}-{}", word(value)), table))
}

/// A value as a part of a recipe's name.
fn word(value: &Node) -> String {
    let text = match &value.val {
        Val::Str(text) => text.clone(),
        Val::Table(table) => {
            let named = ["plugin", "name"].into_iter().find_map(|key| table.entry(key)?.node.str());
            let params = table.entry("params").and_then(|entry| entry.node.table());
            let params = params.into_iter().flat_map(|table| &table.entries);
            let params = params.map(|entry| format!("-{}-{}", entry.key, word(&entry.node)));
            named.unwrap_or("table").to_owned() + &params.collect::<String>()
        }
        other => other.show(),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '-' }).collect()
}
