//! Parts of the config as JSON, named as the config names them.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Facts;
use crate::config::{Architecture, DataConfig, ModelConfig, PluginRef, Teacher, TrainConfig};
use crate::experiment::record::PluginUse;

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
    /// A file that the config names, by its content.
    pub(super) fn file(&mut self, what: &str, path: &Path) -> Value {
        let Some(facts) = self.facts else { return json!({ "file": path }) };
        let hash = facts.files.get(path);
        if hash.is_none() {
            self.missing = Some(format!("{what} {}", path.display()));
        }
        json!({ "sha256": hash })
    }

    pub(super) fn training(
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
            give_up,
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
        if let Some(give_up) = give_up {
            train["give_up"] = json!(give_up);
        }
        Map::from_iter([
            ("model".to_owned(), model),
            ("train".to_owned(), train),
            ("seed".to_owned(), json!(seed)),
        ])
    }

    pub(super) fn model(&mut self, model: &ModelConfig, skip: Option<&PluginRef>) -> Value {
        let ModelConfig { architecture } = model;
        let mut value = json!({ "architecture": self.architecture(architecture) });
        let nodes = self.nodes(model, skip);
        if !nodes.is_empty() {
            value["nodes"] = Value::Array(nodes);
        }
        value
    }

    pub(super) fn architecture(&mut self, architecture: &Architecture) -> Value {
        match architecture {
            Architecture::Plugin(plugin) => self.plugin("architecture", plugin),
            Architecture::File { file } => match self.file("the graph file", file) {
                // Under a name of its own: `eval` looks for it.
                Value::Object(found) if found.contains_key("sha256") => {
                    json!({ "graph_sha256": found["sha256"] })
                }
                named => named,
            },
        }
    }

    /// The plugins that the network's nodes name.
    fn nodes(&mut self, model: &ModelConfig, skip: Option<&PluginRef>) -> Vec<Value> {
        let used = self.facts.map_or(&[][..], |facts| facts.network(model, skip));
        self.plugins.extend_from_slice(used);
        let describe = |PluginUse { kind, name, version, sha256 }: &PluginUse| json!({ "plugin": name, "kind": kind, "version": version, "sha256": sha256 });
        used.iter().map(describe).collect()
    }

    pub(super) fn data(&self, data: &DataConfig) -> Value {
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

    pub(super) fn optional(&mut self, kind: &str, item: Option<&PluginRef>) -> Value {
        item.map_or(Value::Null, |item| self.plugin(kind, item))
    }

    pub(super) fn plugin(&mut self, kind: &str, item: &PluginRef) -> Value {
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
