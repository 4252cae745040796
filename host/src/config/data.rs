//! `[data]`: what is learned from.

use super::context::{Context, choice, size};
use super::error::Fault;
use super::tree::{Node, Table};
use super::types::{DataConfig, DatasetChoice};

pub fn read(cx: &Context<'_>, table: &Table) -> Option<DataConfig> {
    let dataset: Option<DatasetChoice> = choice(table, "dataset");
    let numbers = |node: &Node| node.list()?.iter().map(Node::float).collect::<Option<Vec<_>>>();
    let mean = table.optional("mean", numbers);
    let std = table.optional("std", numbers);
    if let (Some(Some(mean)), Some(Some(std)), Some(node)) = (&mean, &std, table.value("std"))
        && mean.len() != std.len()
    {
        let message = format!("`mean` has {} channels and `std` has {}", mean.len(), std.len());
        cx.report(Fault::new(node.pos, message).label("as many entries as `mean`"));
    }
    if let (Some(dataset), Some(entry), None) =
        (dataset, table.entry("dataset"), table.entry("root"))
        && dataset != DatasetChoice::Synthetic
    {
        let name = entry.node.str().unwrap_or_default();
        let fault = Fault::new(entry.node.pos, format!("`root` is missing: where is {name}?"))
            .label("needs `root`")
            .help(match dataset {
                DatasetChoice::Tensors => "add `root = \"file.safetensors\"` to [data]".to_owned(),
                DatasetChoice::ImageFolder => "add `root = \"folder\"` to [data]: the folder that \
                                               has `train` and `test` (or `val`)"
                    .to_owned(),
                _ => format!(
                    "add `root = \"folder\"` to [data]; `jackpot data get {name}` fetches it"
                ),
            });
        cx.report(fault);
        return None;
    }
    let count = |node: &Node| node.int().and_then(size);
    let image_size = table.optional("image_size", count)?;
    if let (Some(_), Some(dataset), Some(node)) = (image_size, dataset, table.value("image_size"))
        && dataset != DatasetChoice::ImageFolder
    {
        let name = table.str("dataset").unwrap_or_default();
        let message = "`image_size` is for the dataset `image-folder` alone";
        let fault = Fault::new(node.pos, message)
            .label("leave it out")
            .help(format!("the images of {name} are taken in the size that they have"));
        cx.report(fault);
        return None;
    }
    Some(DataConfig {
        dataset: dataset?,
        root: table.optional("root", |node| node.str().map(|path| cx.path(path)))?,
        image_size,
        validation: table.int("validation").and_then(size)?,
        mean: mean?,
        std: std?,
        train_limit: table.optional("train_limit", count)?,
        test_limit: table.optional("test_limit", count)?,
    })
}
