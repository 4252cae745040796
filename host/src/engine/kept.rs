//! The plugin files that jobs of a run were done with: the run's own copies, so that its weights
//! are understood as they were made, whatever plugins are found now.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;

use super::error::OpenError;
use super::facts::{of_model, of_training};
use super::nodes;
use crate::config::{Architecture, ModelConfig, PluginRef, TrainConfig};
use crate::experiment::{PluginUse, RunDir};
use crate::plugin::registry::split_reference;
use crate::plugin::{PluginFile, Registry};

/// Files of jobs that agree on them.
#[derive(Debug, Default)]
pub struct Kept {
    pub registry: Registry,
    /// By kind and name.
    items: BTreeMap<(String, String), Item>,
}

#[derive(Debug)]
struct Item {
    sha256: String,
    /// `path/to/file.so:name`, so that an equal name in another file does no harm.
    reference: String,
}

impl Kept {
    /// Whether none of these is another file of an item that is here.
    pub fn agrees(&self, plugins: &[PluginUse]) -> bool {
        let same = |used: &PluginUse| {
            let known = self.items.get(&(used.kind.clone(), used.name.clone()));
            known.is_none_or(|known| known.sha256 == used.sha256)
        };
        plugins.iter().all(same)
    }

    /// Loads what a job used that made some weights: the run's copies, or files among those
    /// `found` now that are equal to the byte.
    ///
    /// # Errors
    ///
    /// A file that is in neither place.
    pub fn add(
        &mut self,
        run: &RunDir,
        plugins: &[PluginUse],
        found: &Registry,
        weights: &Path,
    ) -> Result<(), OpenError> {
        for used in plugins {
            // These made the mask, which is stored; the network knows nothing of them.
            let masks = [Kind::Score, Kind::Update].map(Kind::as_str);
            let key = (used.kind.clone(), used.name.clone());
            if masks.contains(&used.kind.as_str()) || self.items.contains_key(&key) {
                continue;
            }
            let copy = run.plugin(&used.sha256);
            let of_found = found.files().iter().find(|file| file.sha256 == used.sha256);
            let file = match (self.copy(&copy, &used.sha256), of_found) {
                (Some(file), _) => file,
                (None, Some(file)) => self.registry.add_file(&file.path)?,
                (None, None) => {
                    let message = lost(used, &copy, found);
                    return Err(OpenError::LostPlugin { weights: weights.to_owned(), message });
                }
            };
            let reference = format!("{}:{}", file.path.display(), used.name);
            self.items.insert(key, Item { sha256: used.sha256.clone(), reference });
        }
        Ok(())
    }

    /// The run's copy, if it is there and whole.
    fn copy(&mut self, path: &Path, sha256: &str) -> Option<Arc<PluginFile>> {
        let file = path.is_file().then(|| self.registry.add_file(path))?;
        file.ok().filter(|file| file.sha256 == sha256)
    }

    /// The model and the training with every item led to its file. Items that no job of the run
    /// used (`--set` may name such) are taken from those `found` now.
    ///
    /// # Errors
    ///
    /// An item that is not found.
    pub fn lead(
        &mut self,
        model: &ModelConfig,
        train: &TrainConfig,
        found: &Registry,
    ) -> Result<(ModelConfig, TrainConfig), OpenError> {
        // Stored weights are what their masks left of them.
        let train = &TrainConfig { update: None, ..train.clone() };
        for (kind, reference) in of_model(model).into_iter().chain(of_training(train)) {
            if self.reference(kind, &reference.plugin).is_some() {
                continue;
            }
            match split_reference(&reference.plugin) {
                Some((path, _)) => self.registry.add_file(Path::new(path))?,
                None => {
                    let file = found.find(kind, &reference.plugin)?.file;
                    self.registry.add_file(&file.path)?
                }
            };
        }
        let lead = |kind: Kind, item: &PluginRef| {
            let plugin = self.reference(kind, &item.plugin);
            let plugin = plugin.map_or_else(|| item.plugin.clone(), str::to_owned);
            PluginRef { plugin, params: item.params.clone() }
        };
        let optional = |kind, item: &Option<PluginRef>| item.as_ref().map(|item| lead(kind, item));
        let architecture = match &model.architecture {
            Architecture::Plugin(item) => Architecture::Plugin(lead(Kind::Architecture, item)),
            file => file.clone(),
        };
        let augmentation = train.augmentation.iter();
        let train = TrainConfig {
            lr_schedule: optional(Kind::LrSchedule, &train.lr_schedule),
            augmentation: augmentation.map(|item| lead(Kind::Augmentation, item)).collect(),
            activation: optional(Kind::Activation, &train.activation),
            skip: optional(Kind::Skip, &train.skip),
            init: optional(Kind::Init, &train.init),
            loss: optional(Kind::Loss, &train.loss),
            ..train.clone()
        };
        Ok((ModelConfig { architecture }, train))
    }

    /// The same for the items that nodes of a graph name.
    pub fn lead_nodes(&self, graph: &mut Graph) {
        nodes::rename(graph, &|kind, name| self.reference(kind, name).map(str::to_owned));
    }

    fn reference(&self, kind: Kind, reference: &str) -> Option<&str> {
        let name = split_reference(reference).map_or(reference, |(_, name)| name);
        let item = self.items.get(&(kind.as_str().to_owned(), name.to_owned()))?;
        Some(&item.reference)
    }
}

/// In words: which file is not there, and what is there instead.
fn lost(used: &PluginUse, copy: &Path, found: &Registry) -> String {
    let PluginUse { kind, name, version, sha256 } = used;
    let short = |hash: &str| hash.chars().take(8).collect::<String>();
    let others: Vec<String> = found
        .items()
        .filter(|item| item.manifest().kind == *kind && item.manifest().name == *name)
        .map(|item| {
            let (version, hash) = (&item.file.manifest.version, short(&item.file.sha256));
            format!("  {} has {version} (file {hash})", item.file.path.display())
        })
        .collect();
    let others = match others.is_empty() {
        true => "Nothing of that name was found elsewhere.".to_owned(),
        false => {
            format!("Other files of that name would give other results:\n{}", others.join("\n"))
        }
    };
    format!(
        "made with {kind} {name} {version} (file {}), and the run's copy {} is \
         not there or damaged. {others}\nPut the same file there again, or into a folder of \
         --plugin-dir.",
        short(sha256),
        copy.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(kind: &str, name: &str, byte: &str) -> PluginUse {
        PluginUse {
            kind: kind.into(),
            name: name.into(),
            version: "0.1.0".into(),
            sha256: byte.repeat(32),
        }
    }

    fn kept(name: &str) -> Kept {
        let key = ("activation".to_owned(), name.to_owned());
        let item = Item { sha256: "ab".repeat(32), reference: format!("/run/ab.so:{name}") };
        Kept { registry: Registry::default(), items: BTreeMap::from([(key, item)]) }
    }

    #[test]
    fn jobs_agree_unless_an_item_is_of_two_files() {
        let kept = kept("swish");
        assert!(kept.agrees(&[used("activation", "swish", "ab"), used("skip", "swish", "cd")]));
        assert!(
            !kept.agrees(&[used("activation", "mish", "ab"), used("activation", "swish", "cd")])
        );
    }

    fn add(run: &RunDir, used: PluginUse) -> Result<(), OpenError> {
        let weights = Path::new("best.safetensors");
        Kept::default().add(run, &[used], &Registry::default(), weights)
    }

    #[test]
    fn a_file_that_is_lost_is_refused_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        for (kind, name) in [("score", "magnitude"), ("update", "rigl")] {
            add(&run, used(kind, name, "ab")).unwrap();
        }
        let copy = run.plugin(&"ab".repeat(32));
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        for text in [None, Some("damaged")] {
            if let Some(text) = text {
                std::fs::write(&copy, text).unwrap();
            }
            let text = add(&run, used("activation", "swish", "ab")).unwrap_err().to_string();
            let start = "best.safetensors: made with activation swish 0.1.0 (file abababab), and ";
            assert!(text.starts_with(start), "{text}");
            assert!(text.contains(&copy.display().to_string()), "{text}");
            assert!(text.contains("Nothing of that name was found"), "{text}");
        }
    }

    #[test]
    fn every_item_of_a_training_is_led_to_its_file() {
        let item = |plugin: &str| PluginRef { plugin: plugin.into(), params: Default::default() };
        let config = crate::experiment::testing::config();
        let model = ModelConfig { architecture: Architecture::File { file: "net.json".into() } };
        let mut train = config.train.clone();
        train.activation = Some(item("gone/libswish.so:swish"));
        train.update = Some(item("gone/librigl.so:rigl"));
        let (led_model, led) = kept("swish").lead(&model, &train, &Registry::default()).unwrap();
        assert_eq!((led.activation, led.update), (Some(item("/run/ab.so:swish")), None));
        assert_eq!((led_model, led.epochs), (model.clone(), train.epochs));
        train.skip = Some(item("swish"));
        let error = kept("swish").lead(&model, &train, &Registry::default()).unwrap_err();
        assert!(error.to_string().contains("no skip plugin `swish` was found"), "{error}");
    }
}
