//! `[[draw]]`: the ways to find tickets.

use jackpot_plugin_api::Duration;
use jackpot_plugin_api::manifest::Kind;

use super::context::{Context, choice, size};
use super::error::Fault;
use super::plugins;
use super::tree::{Node, Table};
use super::types::{DrawConfig, Levels, PruneAt, Rewind};
use super::words::{NAME_LENGTH, point, point_name};

/// The draws of one `[[draw]]`: one, or one for each of its rewind points.
pub struct Group {
    /// What a recipe's `draw` may call all of them.
    pub name: String,
    pub draws: Vec<DrawConfig>,
}

/// All draws, as far as they could be read.
pub struct Groups {
    pub groups: Vec<Group>,
    /// Whether one is missing because it is wrong.
    pub incomplete: bool,
}

impl Groups {
    /// All draws in order, unless one is wrong.
    pub fn draws(&self) -> Option<Vec<DrawConfig>> {
        let all = || self.groups.iter().flat_map(|group| &group.draws).cloned().collect();
        (!self.incomplete).then(all)
    }

    /// The draws that a name means: a whole group, or one draw.
    pub fn find(&self, name: &str) -> Vec<&DrawConfig> {
        match self.groups.iter().find(|group| group.name == name) {
            Some(group) => group.draws.iter().collect(),
            None => self
                .groups
                .iter()
                .flat_map(|group| &group.draws)
                .filter(|draw| draw.name == name)
                .collect(),
        }
    }

    /// Every name that [`Self::find`] knows.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for group in &self.groups {
            names.push(group.name.as_str());
            names.extend(group.draws.iter().map(|draw| draw.name.as_str()));
        }
        names.dedup();
        names
    }
}

/// Reads every `[[draw]]`. `epochs` is how long the dense training is, if that is known.
pub fn read(cx: &Context<'_>, root: &Table, epochs: Option<i64>) -> Groups {
    let mut all = Groups { groups: Vec::new(), incomplete: root.value("draw").is_none() };
    let mut places: Vec<(String, &Node)> = Vec::new();
    for node in root.list("draw") {
        let Some(group) = node.table().and_then(|table| group(cx, node, table, epochs)) else {
            all.incomplete = true;
            continue;
        };
        let mut names: Vec<&str> = group.draws.iter().map(|draw| draw.name.as_str()).collect();
        names.push(&group.name);
        names.sort_unstable();
        names.dedup();
        for name in names {
            match places.iter().find(|(known, _)| known == name) {
                Some((_, first)) => cx.report(duplicate(name, node, first)),
                None => places.push((name.to_owned(), node)),
            }
        }
        all.groups.push(group);
    }
    all
}

fn duplicate(name: &str, node: &Node, first: &Node) -> Fault {
    let place = |node: &Node| match node.table().and_then(|table| table.entry("name")) {
        Some(entry) if entry.given => entry.node.pos,
        _ => node.pos,
    };
    let unnamed = !node.table().is_some_and(|table| table.given("name"));
    Fault::new(place(node), format!("two draws are named `{name}`"))
        .label(if unnamed { "give it a `name`" } else { "the second one" })
        .also(place(first), "the first one")
}

fn group(cx: &Context<'_>, node: &Node, table: &Table, epochs: Option<i64>) -> Option<Group> {
    let name = table.str("name");
    let score = table.value("score").and_then(|node| plugins::read(cx, Kind::Score, node));
    let levels = levels(cx, node, table);
    let points = points(cx, table, epochs);
    let prunable = prunable(cx, table);
    let (schedule, prune_at) = (choice(table, "schedule")?, choice(table, "prune_at")?);
    let weights = table.value("from")?.table()?.str("weights").map(|file| cx.path(file));
    let (name, score, levels, prunable) = (name?, score?, levels?, prunable?);
    if prune_at == PruneAt::Init {
        no_rewind(cx, table, points.as_ref());
    }
    let draw = |name: String, rewind| DrawConfig {
        name,
        score: score.clone(),
        levels: levels.clone(),
        rewind,
        prunable: prunable.clone(),
        schedule,
        prune_at,
        weights: weights.clone(),
    };
    let draws = match points? {
        Points::One(point) => vec![draw(name.to_owned(), point)],
        Points::Several(points) => points
            .into_iter()
            .map(|point| draw(format!("{name}@{}", point_name(point)), point))
            .collect(),
    };
    if let Some(long) = draws.iter().find(|draw| draw.name.len() > NAME_LENGTH) {
        let pos = table.value("name").map_or(node.pos, |node| node.pos);
        let message = format!("the draw's name `{}` is longer than {NAME_LENGTH}", long.name);
        cx.report(Fault::new(pos, message).label("too long with the rewind point added"));
        return None;
    }
    Some(Group { name: name.to_owned(), draws })
}

/// Tickets that are pruned before any training have no later point to rewind to.
fn no_rewind(cx: &Context<'_>, table: &Table, points: Option<&Points>) {
    if matches!(points, None | Some(Points::One(Rewind::Init))) {
        return;
    }
    if let Some(entry) = table.entry("rewind") {
        let message = "`prune_at = \"init\"` trains nothing that tickets could rewind to";
        let fault = Fault::new(entry.node.pos, message).label("only \"init\" is possible");
        cx.report(match table.entry("prune_at") {
            Some(at) => fault.also(at.node.pos, "no training comes before the pruning"),
            None => fault,
        });
    }
}

/// The masks of `from`; with them nothing is drawn, and no key that says how may be given.
fn masks(cx: &Context<'_>, table: &Table) -> Option<Option<Levels>> {
    let Some(entry) = table.value("from")?.table()?.entry("mask") else { return Some(None) };
    for key in ["score", "levels", "fraction", "keep", "rewind", "schedule", "prune_at"] {
        if let Some(other) = table.entry(key).filter(|other| other.given) {
            let message = format!("`{key}` says how masks are drawn, and `from` has the masks");
            let fault = Fault::new(other.key_pos, message).label("remove one of the two");
            cx.report(fault.also(entry.key_pos, "the masks are here"));
        }
    }
    let files: Option<Vec<_>> =
        entry.node.list()?.iter().map(|file| file.str().map(|file| cx.path(file))).collect();
    files.filter(|files| !files.is_empty()).map(|files| Some(Levels::Masks(files)))
}

fn levels(cx: &Context<'_>, node: &Node, table: &Table) -> Option<Levels> {
    if let Some(masks) = masks(cx, table)? {
        return Some(masks);
    }
    if let Some(keep) = table.entry("keep") {
        for key in ["levels", "fraction"] {
            if let Some(entry) = table.entry(key).filter(|entry| entry.given) {
                let message = format!("`keep` and `{key}` are both given");
                let fault = Fault::new(entry.key_pos, message)
                    .label("`keep` already says how much each level keeps")
                    .also(keep.key_pos, "`keep` is here");
                cx.report(fault);
            }
        }
        return keep_list(cx, table);
    }
    if table.entry("levels").is_none() {
        let fault = Fault::new(node.pos, "[[draw]] needs `levels` or `keep`")
            .label("how many levels?")
            .help(
                "`levels = 16` prunes `fraction` at each; `keep = [0.1, 0.05]` says what is left; \
                 `from = { mask = \"file.safetensors\" }` takes a mask that is there",
            );
        cx.report(fault);
        return None;
    }
    let fraction = table.float("fraction");
    Some(Levels::Fraction { count: table.int("levels").and_then(size)?, fraction: fraction? })
}

fn keep_list(cx: &Context<'_>, table: &Table) -> Option<Levels> {
    let items = table.list("keep");
    for pair in items.windows(2) {
        if let [node, next] = pair
            && let (Some(before), Some(after)) = (node.float(), next.float())
            && after >= before
        {
            let message = format!("`keep` must fall from level to level: {after} after {before}");
            cx.report(Fault::new(next.pos, message).label(format!("must be below {before}")));
        }
    }
    let keep: Option<Vec<f64>> = items.iter().map(Node::float).collect();
    keep.filter(|keep| !keep.is_empty()).map(Levels::Keep)
}

enum Points {
    One(Rewind),
    Several(Vec<Rewind>),
}

fn points(cx: &Context<'_>, table: &Table, epochs: Option<i64>) -> Option<Points> {
    let node = table.value("rewind")?;
    let mut points = Vec::new();
    for item in node.list()? {
        let point = point(item.str()?)?;
        if let (Rewind::At(Duration::Epochs(at)), Some(epochs)) = (point, epochs)
            && i64::try_from(at).is_ok_and(|at| at > epochs)
        {
            let message = format!("`rewind` lies after the end of the training ({epochs} epochs)");
            cx.report(Fault::new(item.pos, message).label("too late"));
        }
        if points.contains(&point) {
            // `02ep` is `2ep`: the list's own check compares the texts.
            let message = format!("the rewind point {} stands twice", point_name(point));
            cx.report(Fault::new(item.pos, message).label("the second time"));
        }
        points.push(point);
    }
    // A list of one is a list: adding a second point must not rename the first's draw.
    match *points.as_slice() {
        [point] if node.list()?.iter().all(|item| item.pos == node.pos) => Some(Points::One(point)),
        _ => Some(Points::Several(points)),
    }
}

fn prunable(cx: &Context<'_>, table: &Table) -> Option<Vec<String>> {
    let node = table.value("prunable")?;
    let patterns: Option<Vec<String>> =
        node.list()?.iter().map(|item| item.str().map(str::to_owned)).collect();
    let patterns = patterns?;
    if patterns.iter().all(|pattern| pattern.starts_with('!')) {
        let fault = Fault::new(node.pos, "`prunable` only excludes: nothing would be pruned")
            .label("needs an entry without `!`")
            .help("write, e.g., prunable = [\"conv\", \"!conv1.weight\"]");
        cx.report(fault);
        return None;
    }
    Some(patterns)
}
