//! The settings of a job as JSON, named as the config names them.

use serde_json::{Map, Value, json};

use super::Facts;
use super::canonical::canonical;
use crate::config::{
    Architecture, Config, DataConfig, DrawConfig, Levels, MaskControl, ModelConfig, PluginRef,
    Rewind, TrainConfig,
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
        let found = self.drawn(config, work.draw, work.ticket_seed, work.level);
        let mut whole = match work.spend {
            None => found,
            Some(_) => {
                let mut spent = self.training(work.model, work.train, work.seed);
                let own = spent.iter().all(|(key, value)| {
                    canonical(value.clone())
                        == canonical(found.get(key).cloned().unwrap_or_default())
                });
                if own && work.mask() == MaskControl::Own {
                    found
                } else {
                    let mut ticket = found;
                    if let Some(seed) = ticket.remove("seed") {
                        ticket.insert("ticket_seed".into(), seed);
                    }
                    spent.insert("ticket".into(), Value::Object(ticket));
                    spent.insert("mask".into(), json!(work.mask()));
                    spent
                }
            }
        };
        whole.insert("data".into(), self.data(&config.data));
        whole
    }

    /// The training of a draw's level, with all that led to its mask.
    fn drawn(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        level: usize,
    ) -> Map<String, Value> {
        // Every field is named, so that a new one cannot be forgotten here.
        let DrawConfig { name: _, score, levels, rewind, prunable } = draw;
        let mut training = self.training(&config.model, &config.train, seed);
        // Which weights count as prunable is in the results of the dense training, too.
        let mut draw = Map::from_iter([("prunable".to_owned(), json!(prunable))]);
        if level > 0 {
            draw.insert("score".into(), self.plugin("score", score));
            let rewind = match rewind {
                Rewind::Init => json!("init"),
                Rewind::At(point) => json!(point),
            };
            draw.insert("rewind".into(), rewind);
            match levels {
                Levels::Fraction { count: _, fraction } => {
                    draw.insert("fraction".into(), json!(fraction));
                    draw.insert("level".into(), json!(level));
                }
                Levels::Keep(keep) => {
                    draw.insert("keep".into(), json!(keep.iter().take(level).collect::<Vec<_>>()));
                }
            }
        }
        training.insert("draw".into(), Value::Object(draw));
        training
    }

    fn training(
        &mut self,
        model: &ModelConfig,
        train: &TrainConfig,
        seed: u64,
    ) -> Map<String, Value> {
        let named = model;
        let ModelConfig { architecture } = model;
        let architecture = match architecture {
            Architecture::Plugin(plugin) => self.plugin("architecture", plugin),
            Architecture::File { file } => match self.facts {
                None => json!({ "file": file }),
                Some(facts) => {
                    let hash = facts.graphs.get(file);
                    if hash.is_none() {
                        self.missing = Some(format!("the graph file {}", file.display()));
                    }
                    json!({ "graph_sha256": hash })
                }
            },
        };
        let mut model = json!({ "architecture": architecture });
        let nodes = self.nodes(named, train.skip.as_ref());
        if !nodes.is_empty() {
            model["nodes"] = Value::Array(nodes);
        }
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
        } = train;
        let train = json!({
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
        Map::from_iter([
            ("model".to_owned(), model),
            ("train".to_owned(), train),
            ("seed".to_owned(), json!(seed)),
        ])
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
