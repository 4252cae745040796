//! `[report]`: how the results are to be looked at. It changes no result.

use serde::{Deserialize, Serialize};

use super::context::{Context, size};
use super::error::Fault;
use super::inline::{string, table};
use super::keys::{Key, Section, Shape};
use super::nearest::did_you_mean;
use super::tables::{LEVEL, NAME};
use super::tree::{Node, Table};
use super::types::{DrawConfig, SpendConfig};

/// The comparison with the baseline that is declared before all others, and so tested alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Primary {
    pub recipe: String,
    /// `None`: the first draw.
    pub draw: Option<String>,
    pub level: usize,
}

pub static REPORT: Section = Section {
    title: "[report]",
    keys: &[Key::with_default(
        "primary",
        Shape::Or("none", &Shape::Section(&PRIMARY)),
        "\"none\"",
        "The comparison that is tested alone; all others are corrected for being many.",
    )],
};

/// The keys of its table.
pub static PRIMARY: Section = Section {
    title: "`primary`",
    keys: &[
        Key::required("recipe", NAME, "The recipe that is compared with the baseline."),
        Key::required("level", LEVEL, "At which level."),
        Key::optional("draw", NAME, "On whose tickets; without it the first draw's."),
    ],
};

/// Reads `primary`. `None`: wrong.
pub fn primary(
    cx: &Context<'_>,
    root: &Table,
    draws: Option<&[DrawConfig]>,
    spends: Option<&[SpendConfig]>,
) -> Option<Option<Primary>> {
    root.table("report")?.optional("primary", |node| {
        let table = node.table()?;
        let recipe = table.str("recipe")?.to_owned();
        let level = table.int("level").and_then(size)?;
        let draw = table.str("draw").map(str::to_owned);
        if let (Some(draws), Some(spends)) = (draws, spends) {
            check(cx, table, &recipe, level, (draws, spends));
        }
        Some(Primary { recipe, draw, level })
    })
}

fn check(
    cx: &Context<'_>,
    table: &Table,
    recipe: &str,
    level: usize,
    (draws, spends): (&[DrawConfig], &[SpendConfig]),
) {
    let unknown = |what: &str, node: &Node, known: Vec<&str>| {
        let name = node.str().unwrap_or_default();
        let fault = Fault::new(node.pos, format!("there is no {what} named `{name}`"))
            .label(did_you_mean(name, known.iter().copied(), "unknown"));
        cx.report(fault.help(format!("{what}s of this config: {}", known.join(", "))));
    };
    // Trials are compared under the name that they share.
    let names = spends.iter().map(|spend| spend.trial_of.as_ref().unwrap_or(&spend.recipe));
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.dedup();
    if let Some(node) = table.value("recipe").filter(|_| !names.contains(&recipe)) {
        return unknown("recipe", node, names);
    }
    let wanted = table.value("draw");
    let named = |draw: &&DrawConfig| wanted.is_none_or(|node| node.str() == Some(&draw.name));
    let Some(draw) = draws.iter().find(named) else {
        if let Some(node) = wanted {
            unknown("draw", node, draws.iter().map(|draw| draw.name.as_str()).collect());
        }
        return;
    };
    let visits = |spend: &&SpendConfig| {
        let own = spend.trial_of.as_ref().unwrap_or(&spend.recipe) == recipe;
        let levels = |levels: &Vec<usize>| levels.contains(&level);
        own && spend.draws.contains(&draw.name) && spend.levels.as_ref().is_none_or(levels)
    };
    if level <= draw.levels.last() && spends.iter().any(|spend| visits(&spend)) {
        return;
    }
    if let Some(node) = table.value("level") {
        let message =
            format!("`{recipe}` does not spend level {level} of the draw `{}`", draw.name);
        cx.report(Fault::new(node.pos, message).label("nothing to compare there"));
    }
}

/// Writes it, or `"none"`.
pub fn write(primary: Option<&Primary>) -> String {
    let Some(Primary { recipe, draw, level }) = primary else { return string("none") };
    let draw = draw.as_ref().map(|draw| ("draw", string(draw)));
    table([("recipe", string(recipe)), ("level", level.to_string())].into_iter().chain(draw))
}
