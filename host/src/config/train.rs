//! `[model]` and `[train]`, and the same keys where a recipe replaces them.

use jackpot_plugin_api::manifest::Kind;

use super::context::{Context, size};
use super::error::Fault;
use super::give_up;
use super::plugins;
use super::tree::{Node, Table};
use super::types::{Architecture, ModelConfig, Optimizer, PluginRef, Teacher, TrainConfig};

/// `[model]`.
pub fn model(cx: &Context<'_>, table: &Table) -> Option<ModelConfig> {
    Some(ModelConfig { architecture: architecture(cx, table.value("architecture")?)? })
}

fn architecture(cx: &Context<'_>, node: &Node) -> Option<Architecture> {
    match node.table()?.str("file") {
        Some(file) => Some(Architecture::File { file: cx.path(file) }),
        None => plugins::read(cx, Kind::Architecture, node).map(Architecture::Plugin),
    }
}

/// `[train]`.
pub fn read(cx: &Context<'_>, table: &Table) -> Option<TrainConfig> {
    let train = Part { cx, table, base: None }.train();
    if let (Some(Teacher::Dense), Some(entry)) =
        (train.as_ref().and_then(|train| train.teacher.as_ref()), table.entry("teacher"))
    {
        let message =
            "`teacher = \"dense\"` in [train] would make the dense network its own teacher";
        let fault = Fault::new(entry.node.pos, message).label("nothing is trained before it");
        cx.report(fault.help("put `teacher` and the loss that needs it into a [[spend]]"));
    }
    train
}

/// A recipe's own keys over the values of [model] and [train].
///
/// An outer `None` of the base: something in it is wrong and reported; the recipe's own keys are
/// checked all the same.
pub fn inherit(
    cx: &Context<'_>,
    table: &Table,
    model: Option<&ModelConfig>,
    train: Option<&TrainConfig>,
) -> Option<(ModelConfig, TrainConfig)> {
    let model = match table.entry("architecture") {
        Some(entry) => architecture(cx, &entry.node).map(|it| ModelConfig { architecture: it }),
        None => model.cloned(),
    };
    let train = Part { cx, table, base: Some(train) }.train();
    Some((model?, train?))
}

/// The keys of one table, over those of [train] where the table is a recipe.
struct Part<'a> {
    cx: &'a Context<'a>,
    table: &'a Table,
    base: Option<Option<&'a TrainConfig>>,
}

impl Part<'_> {
    fn train(&self) -> Option<TrainConfig> {
        let epochs = self.own("epochs", |base| base.epochs, |node| node.int()?.try_into().ok());
        let batch_size =
            self.own("batch_size", |base| base.batch_size, |node| node.int().and_then(size));
        let optimizer =
            self.own("optimizer", |base| base.optimizer.clone(), |node| optimizer(self.cx, node));
        let lr_schedule =
            self.plugin("lr_schedule", Kind::LrSchedule, |base| base.lr_schedule.clone());
        let augmentation = self.augmentation();
        let activation =
            self.plugin("activation", Kind::Activation, |base| base.activation.clone());
        let skip = self.plugin("skip", Kind::Skip, |base| base.skip.clone());
        let init = self.plugin("init", Kind::Init, |base| base.init.clone());
        let loss = self.plugin("loss", Kind::Loss, |base| base.loss.clone());
        let teacher = match self.table.entry("teacher") {
            Some(_) => self.table.optional("teacher", |node| teacher(self.cx, node)),
            None => self.base.flatten().map(|base| base.teacher.clone()),
        };
        let update = self.plugin("update", Kind::Update, |base| base.update.clone());
        let give_up = match self.table.entry("give_up") {
            Some(_) => self.table.optional("give_up", give_up::read),
            None => self.base.flatten().map(|base| base.give_up),
        };
        Some(TrainConfig {
            epochs: epochs?,
            batch_size: batch_size?,
            optimizer: optimizer?,
            lr_schedule: lr_schedule?,
            augmentation: augmentation?,
            activation: activation?,
            skip: skip?,
            init: init?,
            loss: loss?,
            teacher: teacher?,
            update: update?,
            give_up: give_up?,
        })
    }

    /// The key's value here, or the base's if the key is not here.
    fn own<T>(
        &self,
        key: &str,
        of: impl FnOnce(&TrainConfig) -> T,
        read: impl FnOnce(&Node) -> Option<T>,
    ) -> Option<T> {
        match self.table.entry(key) {
            Some(entry) => read(&entry.node),
            None => self.base.flatten().map(of),
        }
    }

    fn plugin(
        &self,
        key: &str,
        kind: Kind,
        of: impl FnOnce(&TrainConfig) -> Option<PluginRef>,
    ) -> Option<Option<PluginRef>> {
        match self.table.entry(key) {
            Some(_) => self.table.optional(key, |node| plugins::read(self.cx, kind, node)),
            None => self.base.flatten().map(of),
        }
    }

    fn augmentation(&self) -> Option<Vec<PluginRef>> {
        if self.table.entry("augmentation").is_none() {
            return self.base.flatten().map(|base| base.augmentation.clone());
        }
        let list = self.table.optional("augmentation", |node| {
            // All are read before one that is wrong ends it.
            let read: Vec<_> = node
                .list()?
                .iter()
                .map(|item| plugins::read(self.cx, Kind::Augmentation, item))
                .collect();
            read.into_iter().collect()
        });
        list.map(Option::unwrap_or_default)
    }
}

fn teacher(cx: &Context<'_>, node: &Node) -> Option<Teacher> {
    if node.str().is_some() {
        return Some(Teacher::Dense);
    }
    let table = node.table()?;
    let architecture = table.optional("architecture", |node| architecture(cx, node));
    Some(Teacher::File { weights: cx.path(table.str("weights")?), architecture: architecture? })
}

fn optimizer(cx: &Context<'_>, node: &Node) -> Option<Optimizer> {
    let table = node.table()?;
    let lr = table.float("lr");
    let weight_decay = table.float("weight_decay");
    let decay_norm = table.bool("decay_norm");
    if table.str("name")? == "adamw" {
        let [beta1, beta2] = table.list("betas") else { return None };
        return Some(Optimizer::Adamw {
            lr: lr?,
            beta1: beta1.float()?,
            beta2: beta2.float()?,
            eps: table.float("eps")?,
            weight_decay: weight_decay?,
            decay_norm: decay_norm?,
        });
    }
    let momentum = table.float("momentum");
    if let (Some(0.0), Some(true), Some(entry)) =
        (momentum, table.bool("nesterov"), table.entry("nesterov"))
    {
        let fault = Fault::new(entry.node.pos, "`nesterov` needs a momentum above 0");
        cx.report(fault.label("`momentum` is 0"));
    }
    Some(Optimizer::Sgd {
        lr: lr?,
        momentum: momentum?,
        weight_decay: weight_decay?,
        nesterov: table.bool("nesterov")?,
        decay_norm: decay_norm?,
    })
}
