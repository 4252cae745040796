//! The config as TOML again, every default written out: the run directory's `config.toml`.

use std::path::Path;

use serde::Serialize;

use super::inline::{float, list, object, string, table};
use super::types::{
    Architecture, Config, DataConfig, DrawConfig, Levels, ModelConfig, Optimizer, PluginRef,
    SpendConfig, Teacher, TrainConfig,
};
use super::words::{device_name, point_name};
use super::{give_up, report};

/// The whole config, in the order of the documentation. Loaded again with the same plugins, it
/// gives an equal [`Config`].
pub fn to_toml(config: &Config) -> String {
    let mut out = Writer {
        text: "# The whole config of this run, defaults included, as Jackpot resolved it.\n"
            .to_owned(),
    };
    out.key("name", string(&config.name));
    out.key("seeds", list(config.seeds.iter().map(u64::to_string)));
    out.key("device", string(&device_name(config.device)));
    out.key("precision", choice(&config.precision));
    out.key("threads", or("auto", config.threads));
    out.key("deterministic", or("auto", config.deterministic));
    out.key("cuda_graph", or("auto", config.cuda_graph));
    out.key("sparse", choice(&config.sparse));
    out.section("[plugins]");
    out.key("path", list(config.plugin_path.iter().map(|path| string(&path.to_string_lossy()))));
    out.section("[data]");
    out.data(&config.data);
    out.section("[model]");
    out.model(&config.model);
    out.section("[train]");
    out.train(&config.train);
    for draw in &config.draws {
        out.section("[[draw]]");
        out.draw(draw);
    }
    for spend in &config.spends {
        out.section("[[spend]]");
        out.spend(spend);
    }
    out.section("[report]");
    out.key("primary", report::write(config.primary.as_ref()));
    out.text
}

struct Writer {
    text: String,
}

impl Writer {
    fn section(&mut self, header: &str) {
        self.text.push_str(&format!("\n{header}\n"));
    }

    fn key(&mut self, key: &str, value: String) {
        self.text.push_str(&format!("{key} = {value}\n"));
    }

    fn data(&mut self, data: &DataConfig) {
        let floats = |numbers: &Option<Vec<f64>>| match numbers {
            Some(numbers) => list(numbers.iter().copied().map(float)),
            None => string("auto"),
        };
        self.key("dataset", choice(&data.dataset));
        if let Some(root) = &data.root {
            self.key("root", string(&root.to_string_lossy()));
        }
        self.key("image_size", or("original", data.image_size));
        self.key("validation", data.validation.to_string());
        self.key("mean", floats(&data.mean));
        self.key("std", floats(&data.std));
        self.key("train_limit", or("all", data.train_limit));
        self.key("test_limit", or("all", data.test_limit));
    }

    fn model(&mut self, model: &ModelConfig) {
        self.key("architecture", architecture(&model.architecture));
    }

    fn train(&mut self, train: &TrainConfig) {
        let optional = |item: &Option<PluginRef>| match item {
            Some(item) => plugin(item),
            None => string("none"),
        };
        self.key("epochs", train.epochs.to_string());
        self.key("batch_size", train.batch_size.to_string());
        self.key("optimizer", optimizer(&train.optimizer));
        self.key("lr_schedule", optional(&train.lr_schedule));
        self.key("augmentation", list(train.augmentation.iter().map(plugin)));
        self.key("activation", optional(&train.activation));
        self.key("skip", optional(&train.skip));
        self.key("init", optional(&train.init));
        self.key("loss", optional(&train.loss));
        self.key("teacher", teacher(train.teacher.as_ref()));
        self.key("update", optional(&train.update));
        self.key("give_up", give_up::write(train.give_up));
    }

    fn draw(&mut self, draw: &DrawConfig) {
        self.key("name", string(&draw.name));
        if matches!(draw.levels, Levels::Masks(_)) {
            self.key("prunable", list(draw.prunable.iter().map(|pattern| string(pattern))));
            return self.from(draw);
        }
        self.key("score", plugin(&draw.score));
        match &draw.levels {
            Levels::Fraction { count, fraction } => {
                self.key("levels", count.to_string());
                self.key("fraction", float(*fraction));
            }
            Levels::Keep(keep) => self.key("keep", list(keep.iter().copied().map(float))),
            Levels::Masks(_) => {}
        }
        self.key("rewind", string(&point_name(draw.rewind)));
        self.key("prunable", list(draw.prunable.iter().map(|pattern| string(pattern))));
        self.key("schedule", choice(&draw.schedule));
        self.key("prune_at", choice(&draw.prune_at));
        self.from(draw);
    }

    fn from(&mut self, draw: &DrawConfig) {
        let weights = draw.weights.as_ref().map(|file| ("weights", path(file)));
        let masks = match &draw.levels {
            Levels::Masks(files) => Some(("mask", list(files.iter().map(|file| path(file))))),
            _ => None,
        };
        if weights.is_some() || masks.is_some() {
            self.key("from", table(weights.into_iter().chain(masks)));
        }
    }

    fn spend(&mut self, spend: &SpendConfig) {
        let levels = match &spend.levels {
            Some(levels) => list(levels.iter().map(usize::to_string)),
            None => string("all"),
        };
        self.key("recipe", string(&spend.recipe));
        self.key("draw", list(spend.draws.iter().map(|draw| string(draw))));
        self.key("levels", levels);
        self.key("mask", choice(&spend.mask));
        self.key("start", choice(&spend.start));
        if let Some(recipe) = &spend.trial_of {
            self.key("trial_of", string(recipe));
        }
        self.key("ticket_seed", or("own", spend.ticket_seed));
        self.model(&spend.model);
        self.train(&spend.train);
    }
}

fn path(path: &Path) -> String {
    string(&path.to_string_lossy())
}

fn architecture(architecture: &Architecture) -> String {
    match architecture {
        Architecture::Plugin(item) => plugin(item),
        Architecture::File { file } => table([("file", path(file))]),
    }
}

fn teacher(teacher: Option<&Teacher>) -> String {
    match teacher {
        None => string("none"),
        Some(Teacher::Dense) => string("dense"),
        Some(Teacher::File { weights, architecture: of }) => {
            let of = of.as_ref().map(|of| ("architecture", architecture(of)));
            table([("weights", path(weights))].into_iter().chain(of))
        }
    }
}

fn optimizer(optimizer: &Optimizer) -> String {
    match *optimizer {
        Optimizer::Sgd { lr, momentum, weight_decay, nesterov, decay_norm } => table([
            ("name", string("sgd")),
            ("lr", float(lr)),
            ("momentum", float(momentum)),
            ("weight_decay", float(weight_decay)),
            ("nesterov", nesterov.to_string()),
            ("decay_norm", decay_norm.to_string()),
        ]),
        Optimizer::Adamw { lr, beta1, beta2, eps, weight_decay, decay_norm } => table([
            ("name", string("adamw")),
            ("lr", float(lr)),
            ("betas", list([float(beta1), float(beta2)])),
            ("eps", float(eps)),
            ("weight_decay", float(weight_decay)),
            ("decay_norm", decay_norm.to_string()),
        ]),
    }
}

fn plugin(item: &PluginRef) -> String {
    let name = ("plugin", string(&item.plugin));
    if item.params.is_empty() {
        return table([name]);
    }
    table([name, ("params", object(&item.params))])
}

fn or(keyword: &str, value: Option<impl ToString>) -> String {
    value.map_or_else(|| string(keyword), |value| value.to_string())
}

/// A choice's name: what serde calls the enum's variant.
fn choice(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => string(&name),
        // The choices are plain enums; a test writes and reads every one.
        other => string(&format!("{other:?}")),
    }
}
