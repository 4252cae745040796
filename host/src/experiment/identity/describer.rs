//! The settings of a job as JSON, named as the config names them.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Facts;
use super::canonical::canonical;
use crate::config::{
    Architecture, Config, DataConfig, DrawConfig, Levels, MaskControl, ModelConfig, PluginRef,
    PruneAt, PruningSchedule, Rewind, StartWeights, Teacher, TrainConfig,
};
use crate::experiment::record::PluginUse;
use crate::experiment::work::Work;

/// Puts settings into words, and notes the plugin files it meets.
#[derive(Debug)]
pub struct Describer<'a> {
    /// Without them files are told apart by their names only.
    pub facts: Option<&'a Facts>,
    pub plugins: Vec<PluginUse>,
    /// A file whose hash the facts lack.
    pub missing: Option<String>,
}

impl Describer<'_> {
    /// All that the config says of a job and that influences its result.
    pub fn settings(&mut self, config: &Config, work: &Work<'_>) -> Map<String, Value> {
        let mut whole = match work.spend {
            None => self.drawn(config, work.draw, work.ticket_seed, work.level),
            Some(_) => self.spent(config, work),
        };
        whole.insert("data".into(), self.data(&config.data));
        whole
    }

    /// The retraining of a ticket, with all that led to the ticket.
    fn spent(&mut self, config: &Config, work: &Work<'_>) -> Map<String, Value> {
        let mut spent = self.training(work.model, work.train, work.seed);
        let same = |found: &Map<String, Value>| {
            let own = |key: &str| canonical(found.get(key).cloned().unwrap_or_default());
            spent.iter().all(|(key, value)| canonical(value.clone()) == own(key))
        };
        let plain = work.mask() == MaskControl::Own && work.start() == StartWeights::Rewind;
        // The dense network under the plain protocol is the same training for every draw, for
        // those that do not train it, too.
        if plain && (work.level == 0 || work.draw.trains(work.level)) {
            let found = self.trained(config, work.draw, work.ticket_seed, work.level);
            if same(&found) {
                return found;
            }
        }
        let mut ticket = match work.level {
            0 if work.start() != StartWeights::Trained => {
                self.origin(config, work.draw, work.ticket_seed, false)
            }
            level => self.drawn(config, work.draw, work.ticket_seed, level),
        };
        if let Some(seed) = ticket.remove("seed") {
            ticket.insert("ticket_seed".into(), seed);
        }
        spent.insert("ticket".into(), Value::Object(ticket));
        spent.insert("mask".into(), json!(work.mask()));
        if work.start() != StartWeights::Rewind {
            spent.insert("start".into(), json!(work.start()));
        }
        if work.train.teacher == Some(Teacher::Dense) {
            let dense = self.trained(config, work.draw, work.ticket_seed, 0);
            spent.insert("teacher".into(), Value::Object(dense));
        }
        spent
    }

    /// A draw's level, with all that led to its mask.
    fn drawn(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        level: usize,
    ) -> Map<String, Value> {
        if draw.trains(level) {
            return self.trained(config, draw, seed, level);
        }
        let mut ticket = match draw.prune_at {
            PruneAt::Trained if !matches!(draw.levels, Levels::Masks(_)) => {
                self.trained(config, draw, seed, level)
            }
            _ => {
                let mut origin = self.origin(config, draw, seed, level > 0);
                origin.insert("draw".into(), self.pruning(draw, level));
                origin
            }
        };
        ticket.insert("trained".into(), json!(false));
        ticket
    }

    /// The training of a draw's level, or of the level that its pruning starts from.
    fn trained(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        level: usize,
    ) -> Map<String, Value> {
        let mut training = self.training(&config.model, &config.train, seed);
        training.insert("draw".into(), self.pruning(draw, level));
        training
    }

    /// The weights before any training. A score that sees them also sees the network's tweaks.
    fn origin(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        scored: bool,
    ) -> Map<String, Value> {
        let TrainConfig { activation, skip, init, .. } = &config.train;
        let mut origin = Map::from_iter([
            ("model".to_owned(), self.model(&config.model, skip.as_ref())),
            ("seed".to_owned(), json!(seed)),
            ("skip".to_owned(), self.optional("skip", skip.as_ref())),
            ("init".to_owned(), self.optional("init", init.as_ref())),
        ]);
        if scored || init.is_some() {
            origin.insert("activation".into(), self.optional("activation", activation.as_ref()));
        }
        origin.insert("draw".into(), self.pruning(draw, 0));
        origin
    }

    /// How the mask of a level is made.
    fn pruning(&mut self, draw: &DrawConfig, level: usize) -> Value {
        // Every field is named, so that a new one cannot be forgotten here.
        let DrawConfig { name: _, score, levels, rewind, prunable, schedule, prune_at, weights } =
            draw;
        // Which weights count as prunable is in the results of the dense training, too.
        let mut draw = Map::from_iter([("prunable".to_owned(), json!(prunable))]);
        if let Some(file) = weights {
            draw.insert("weights".into(), self.file("the weights", file));
        }
        if level == 0 {
            return Value::Object(draw);
        }
        if let Levels::Masks(files) = levels {
            let mask = files.get(level - 1).map(|file| self.file("the mask", file));
            draw.insert("masks".into(), json!(mask));
            return Value::Object(draw);
        }
        draw.insert("score".into(), self.plugin("score", score));
        let rewind = match rewind {
            Rewind::Init => json!("init"),
            Rewind::At(point) => json!(point),
        };
        draw.insert("rewind".into(), rewind);
        if *prune_at == PruneAt::Init {
            draw.insert("prune_at".into(), json!(prune_at));
        }
        let one_shot = *schedule == PruningSchedule::OneShot;
        if one_shot {
            draw.insert("schedule".into(), json!(schedule));
        }
        match levels {
            Levels::Fraction { count: _, fraction } => {
                draw.insert("fraction".into(), json!(fraction));
                draw.insert("level".into(), json!(level));
            }
            Levels::Keep(keep) => {
                let skip = if one_shot { level - 1 } else { 0 };
                let keep: Vec<_> = keep.iter().take(level).skip(skip).collect();
                draw.insert("keep".into(), json!(keep));
            }
            Levels::Masks(_) => {}
        }
        Value::Object(draw)
    }

    /// A file that the config names, by its content.
    fn file(&mut self, what: &str, path: &Path) -> Value {
        let Some(facts) = self.facts else { return json!({ "file": path }) };
        let hash = facts.files.get(path);
        if hash.is_none() {
            self.missing = Some(format!("{what} {}", path.display()));
        }
        json!({ "sha256": hash })
    }

    fn training(
        &mut self,
        model: &ModelConfig,
        train: &TrainConfig,
        seed: u64,
    ) -> Map<String, Value> {
        let model = self.model(model, train.skip.as_ref());
        let TrainConfig {
            epochs,
            batch_size,
            optimizer,
            lr_schedule,
            augmentation,
            activation,
            skip,
            init,
            loss,
            teacher,
            update,
        } = train;
        let mut train = json!({
            "epochs": epochs,
            "batch_size": batch_size,
            "optimizer": optimizer,
            "lr_schedule": self.optional("lr-schedule", lr_schedule.as_ref()),
            "augmentation":
                augmentation.iter().map(|item| self.plugin("augmentation", item)).collect::<Vec<_>>(),
            "activation": self.optional("activation", activation.as_ref()),
            "skip": self.optional("skip", skip.as_ref()),
            "init": self.optional("init", init.as_ref()),
            "loss": self.optional("loss", loss.as_ref()),
        });
        match teacher {
            None => {}
            // Which one it is, the ticket says.
            Some(Teacher::Dense) => train["teacher"] = json!("dense"),
            Some(Teacher::File { weights, architecture }) => {
                let weights = self.file("the teacher's weights", weights);
                let architecture = architecture.as_ref().map(|it| self.architecture(it));
                train["teacher"] = json!({ "weights": weights, "architecture": architecture });
            }
        }
        // Without one there is no word of it, as before there were any.
        if let Some(update) = update {
            train["update"] = self.plugin("update", update);
        }
        Map::from_iter([
            ("model".to_owned(), model),
            ("train".to_owned(), train),
            ("seed".to_owned(), json!(seed)),
        ])
    }

    fn model(&mut self, model: &ModelConfig, skip: Option<&PluginRef>) -> Value {
        let ModelConfig { architecture } = model;
        let mut value = json!({ "architecture": self.architecture(architecture) });
        let nodes = self.nodes(model, skip);
        if !nodes.is_empty() {
            value["nodes"] = Value::Array(nodes);
        }
        value
    }

    fn architecture(&mut self, architecture: &Architecture) -> Value {
        match architecture {
            Architecture::Plugin(plugin) => self.plugin("architecture", plugin),
            Architecture::File { file } => json!({ "graph": self.file("the graph file", file) }),
        }
    }

    /// The plugins that the network's nodes name.
    fn nodes(&mut self, model: &ModelConfig, skip: Option<&PluginRef>) -> Vec<Value> {
        let used = self.facts.map_or(&[][..], |facts| facts.network(model, skip));
        self.plugins.extend_from_slice(used);
        let describe = |PluginUse { kind, name, version, sha256 }: &PluginUse| json!({ "plugin": name, "kind": kind, "version": version, "sha256": sha256 });
        used.iter().map(describe).collect()
    }

    fn data(&self, data: &DataConfig) -> Value {
        // The root says where the data lie, not what they are.
        let DataConfig {
            dataset,
            root,
            image_size,
            validation,
            mean,
            std,
            train_limit,
            test_limit,
        } = data;
        let mut value = json!({
            "dataset": dataset,
            "validation": validation,
            "mean": mean,
            "std": std,
            "train_limit": train_limit,
            "test_limit": test_limit,
        });
        // Only where it says something: jobs of other datasets keep the identity they had.
        if let Some(size) = image_size {
            value["image_size"] = json!(size);
        }
        match self.facts {
            Some(facts) => value["sha256"] = json!(facts.dataset_sha256),
            None => value["root"] = json!(root),
        }
        value
    }

    fn optional(&mut self, kind: &str, item: Option<&PluginRef>) -> Value {
        item.map_or(Value::Null, |item| self.plugin(kind, item))
    }

    fn plugin(&mut self, kind: &str, item: &PluginRef) -> Value {
        let PluginRef { plugin, params } = item;
        let Some(facts) = self.facts else {
            return json!({ "plugin": plugin, "params": params });
        };
        // `folder/file.so:name`: where the file lies is no part of what it does.
        let name = plugin.rsplit_once(':').map_or(plugin.as_str(), |(_, name)| name);
        let Some(file) = facts.plugins.get(&(kind.to_owned(), plugin.clone())) else {
            self.missing = Some(format!("the plugin file of the {kind} `{plugin}`"));
            return Value::Null;
        };
        self.plugins.push(PluginUse {
            kind: kind.to_owned(),
            name: name.to_owned(),
            version: file.version.clone(),
            sha256: file.sha256.clone(),
        });
        json!({ "plugin": name, "params": params, "version": file.version, "sha256": file.sha256 })
    }
}
