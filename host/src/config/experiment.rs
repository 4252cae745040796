//! The config as a whole: the top-level keys, and then the sections.

use super::context::{Context, choice, size};
use super::error::Fault;
use super::tree::{Node, Table};
use super::types::{Config, DataConfig, DeviceChoice};
use super::{data, draw, report, spend, train, words};

/// The typed config of a checked tree. `None` only if something was reported, now or before.
pub fn read(cx: &Context<'_>, root: &Table) -> Option<Config> {
    let seeds = seeds(cx, root);
    let device: Option<DeviceChoice> = root.str("device").and_then(words::device);
    let data: Option<DataConfig> = root.table("data").and_then(|table| data::read(cx, table));
    let model = root.table("model").and_then(|table| train::model(cx, table));
    let train = root.table("train").and_then(|table| train::read(cx, table));
    let epochs = root.table("train").and_then(|table| table.int("epochs"));
    let groups = draw::read(cx, root, epochs);
    let base = spend::Base {
        seeds: seeds.as_deref(),
        model: model.as_ref(),
        train: train.as_ref(),
        data: data.as_ref(),
    };
    let spends = spend::read(cx, root, &base, &groups);
    let draws = groups.draws();
    let primary = report::primary(cx, root, draws.as_deref(), spends.as_deref());
    Some(Config {
        name: root.str("name")?.to_owned(),
        seeds: seeds?,
        device: device?,
        precision: choice(root, "precision")?,
        threads: root.optional("threads", |node| node.int().and_then(size))?,
        deterministic: root.optional("deterministic", Node::bool)?,
        cuda_graph: root.optional("cuda_graph", Node::bool)?,
        sparse: choice(root, "sparse")?,
        plugin_path: root
            .table("plugins")?
            .list("path")
            .iter()
            .filter_map(Node::str)
            .map(|path| cx.path(path))
            .collect(),
        data: data?,
        model: model?,
        train: train?,
        primary: primary?,
        draws: draws?,
        spends: spends?,
    })
}

fn seeds(cx: &Context<'_>, root: &Table) -> Option<Vec<u64>> {
    if let (Some(seed), true) = (root.entry("seed"), root.given("seeds")) {
        let fault = Fault::new(seed.key_pos, "`seed` and `seeds` are both given")
            .label("the same again")
            .help("`seed = 42` is short for `seeds = [42]`");
        cx.report(match root.entry("seeds") {
            Some(seeds) => fault.also(seeds.key_pos, "`seeds` is here"),
            None => fault,
        });
        return None;
    }
    let seed = |node: &Node| node.int().and_then(|seed| u64::try_from(seed).ok());
    if root.given("seed") {
        return Some(vec![seed(root.value("seed")?)?]);
    }
    root.value("seeds")?.list()?.iter().map(seed).collect()
}
