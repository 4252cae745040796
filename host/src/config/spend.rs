//! `[[spend]]`: the recipes that tickets are retrained under.

use super::context::{Context, choice, size};
use super::draw::Groups;
use super::error::Fault;
use super::nearest::did_you_mean;
use super::train;
use super::tree::{Node, Table};
use super::types::{
    DataConfig, DatasetChoice, DrawConfig, ModelConfig, SpendConfig, StartWeights, Teacher,
    TrainConfig,
};

/// What a recipe inherits; `None` where that is wrong and reported.
pub struct Base<'a> {
    pub seeds: Option<&'a [u64]>,
    pub model: Option<&'a ModelConfig>,
    pub train: Option<&'a TrainConfig>,
    pub data: Option<&'a DataConfig>,
}

/// Every `[[spend]]`.
pub fn read(
    cx: &Context<'_>,
    root: &Table,
    base: &Base<'_>,
    groups: &Groups,
) -> Option<Vec<SpendConfig>> {
    let nodes = root.value("spend")?.list()?;
    unique_recipes(cx, nodes);
    trials_have_own_names(cx, nodes);
    // All are read before one that is wrong ends it.
    let spends: Vec<_> = nodes.iter().map(|node| spend(cx, node.table()?, base, groups)).collect();
    spends.into_iter().collect()
}

fn unique_recipes(cx: &Context<'_>, nodes: &[Node]) {
    let mut seen: Vec<&Node> = Vec::new();
    for recipe in nodes.iter().filter_map(|node| node.table()?.value("recipe")) {
        match seen.iter().find(|first| first.str() == recipe.str()) {
            Some(first) => {
                let name = recipe.str().unwrap_or_default();
                let fault = Fault::new(recipe.pos, format!("two recipes are named `{name}`"))
                    .label("the second one")
                    .also(first.pos, "the first one");
                cx.report(fault);
            }
            None => seen.push(recipe),
        }
    }
}

/// The name that trials are reported under is no recipe's own.
fn trials_have_own_names(cx: &Context<'_>, nodes: &[Node]) {
    let tables = || nodes.iter().filter_map(Node::table);
    for entry in tables().filter_map(|table| table.entry("trial_of")) {
        let name = entry.node.str();
        let recipe = tables().filter_map(|table| table.value("recipe"));
        if let Some(same) = recipe.into_iter().find(|recipe| recipe.str() == name) {
            let message = format!("`{}` is a recipe, too", name.unwrap_or_default());
            let fault = Fault::new(entry.node.pos, message).label("trials need another name");
            cx.report(fault.also(same.pos, "the recipe"));
        }
    }
}

fn spend(cx: &Context<'_>, table: &Table, base: &Base<'_>, groups: &Groups) -> Option<SpendConfig> {
    let draws = draws(cx, table, groups);
    trial(cx, table, base.data);
    let levels = levels(cx, table, draws.as_deref().unwrap_or_default());
    let ticket_seed = ticket_seed(cx, table, base.seeds);
    let trained = train::inherit(cx, table, base.model, base.train);
    let (model, train) = trained?;
    let start = choice(table, "start")?;
    for draw in draws.iter().flatten() {
        needs_training(cx, table, draw, start, train.teacher.as_ref());
    }
    Some(SpendConfig {
        recipe: table.str("recipe")?.to_owned(),
        draws: draws?.into_iter().map(|draw| draw.name.clone()).collect(),
        levels: levels?,
        mask: choice(table, "mask")?,
        start,
        trial_of: table.str("trial_of").map(str::to_owned),
        ticket_seed: ticket_seed?,
        model,
        train,
    })
}

/// A trial is chosen on validation, so there must be some. Some datasets bring their own, which is
/// seen when they are read.
fn trial(cx: &Context<'_>, table: &Table, data: Option<&DataConfig>) {
    let Some(data) = data else { return };
    let may_bring_its_own =
        matches!(data.dataset, DatasetChoice::ImageFolder | DatasetChoice::Tensors);
    let Some(entry) = table.entry("trial_of") else { return };
    if data.validation == 0 && !may_bring_its_own {
        let message = "a trial is chosen by its accuracy on validation images, and there are none";
        let fault = Fault::new(entry.key_pos, message).label("needs validation images");
        cx.report(fault.help("set some aside: `validation = 5000` in [data]"));
    }
}

/// What a recipe takes of trainings that its draw does not do.
fn needs_training(
    cx: &Context<'_>,
    table: &Table,
    draw: &DrawConfig,
    start: StartWeights,
    teacher: Option<&Teacher>,
) {
    let report = |key: &str, what: &str| {
        let Some(entry) = table.entry(key) else { return };
        let message = format!("the draw `{}` has no {what}: it trains nothing", draw.name);
        let fault = Fault::new(entry.node.pos, message).label("not with this draw");
        cx.report(fault.help("`draw = [\"name\"]` limits the recipe to draws that train"));
    };
    if start == StartWeights::Trained && !draw.trains(0) {
        report("start", "trained weights");
    }
    if teacher == Some(&Teacher::Dense) && !draw.trains(0) {
        report("teacher", "trained dense network");
    }
}

fn draws<'a>(cx: &Context<'_>, table: &Table, groups: &'a Groups) -> Option<Vec<&'a DrawConfig>> {
    let all = || groups.groups.iter().flat_map(|group| &group.draws).collect();
    let named = table.optional("draw", |node| {
        let mut draws: Vec<&DrawConfig> = Vec::new();
        for item in node.list()? {
            let name = item.str()?;
            let found = groups.find(name);
            if found.is_empty() && !groups.incomplete {
                cx.report(unknown_draw(name, item, groups));
            }
            for draw in found {
                if draws.iter().any(|known| known.name == draw.name) {
                    let message = format!("the draw `{}` stands twice in the list", draw.name);
                    cx.report(Fault::new(item.pos, message).label("the second time"));
                    continue;
                }
                draws.push(draw);
            }
        }
        Some(draws)
    });
    named.map(|named| named.unwrap_or_else(all))
}

fn unknown_draw(name: &str, item: &Node, groups: &Groups) -> Fault {
    let names = groups.names();
    Fault::new(item.pos, format!("there is no draw named `{name}`"))
        .label(did_you_mean(name, names.iter().copied(), "unknown"))
        .help(format!("draws of this config: {}", names.join(", ")))
}

fn levels(cx: &Context<'_>, table: &Table, draws: &[&DrawConfig]) -> Option<Option<Vec<usize>>> {
    table.optional("levels", |node| {
        let mut levels = Vec::new();
        for item in node.list()? {
            let level = item.int().and_then(size)?;
            if let Some(draw) = draws.iter().find(|draw| level > draw.levels.last()) {
                let last = draw.levels.last();
                let fault = Fault::new(
                    item.pos,
                    format!("level {level} is beyond the last level of the draw `{}`", draw.name),
                )
                .label(format!("at most {last}"));
                cx.report(if draws.len() > 1 {
                    fault.help("`draw = [\"name\"]` limits the recipe to the draws that have it")
                } else {
                    fault
                });
            }
            levels.push(level);
        }
        Some(levels)
    })
}

fn ticket_seed(cx: &Context<'_>, table: &Table, seeds: Option<&[u64]>) -> Option<Option<u64>> {
    table.optional("ticket_seed", |node| {
        let seed = u64::try_from(node.int()?).ok()?;
        if let Some(seeds) = seeds.filter(|seeds| !seeds.contains(&seed)) {
            let list: Vec<_> = seeds.iter().map(u64::to_string).collect();
            let fault = Fault::new(node.pos, format!("no ticket is drawn with seed {seed}"))
                .label("not one of `seeds`")
                .help(format!("seeds of this config: {}", list.join(", ")));
            cx.report(fault);
        }
        Some(seed)
    })
}
