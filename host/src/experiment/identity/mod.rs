//! What a job's result depends on, as one JSON value, and its hash.
//!
//! The value holds exactly the resolved keys, plugin files and inputs that influence the result
//! of one training. So it does not hold names of runs, draws and recipes, nor how many levels,
//! seeds and recipes there are; it does hold everything about the levels before, because the mask
//! was made there. A spend that equals its draw's own training has the draw's identity.
//!
//! Threads count only if the config fixes them: they change the last bits of a result, and a
//! config that leaves them open does not ask for those.

mod canonical;
mod describer;
#[cfg(test)]
mod tests;
mod tickets;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::canonical::{canonical, write_canonical};
use self::describer::Describer;
use super::error::ExperimentError;
use super::key::JobKey;
use super::record::PluginUse;
use super::work::Work;
use crate::config::{Config, ModelConfig, PluginRef, Sparse};
use crate::digest::sha256;

/// What the config does not say of itself: the content of the files it names, and what `auto`
/// came to.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// By kind (`"activation"`) and the reference as the config spells it (`"mish"`,
    /// `"my.so:mish"`).
    pub plugins: BTreeMap<(String, String), PluginFile>,
    /// SHA-256 of each file that the config names: graphs, weights, masks.
    pub files: BTreeMap<PathBuf, String>,
    /// What networks name besides: see [`NetworkPlugins`].
    pub networks: Vec<NetworkPlugins>,
    /// SHA-256 over the dataset's content.
    pub dataset_sha256: String,
    /// How many of its images are trained on; no part of an identity, since the dataset is.
    pub train_images: u64,
    /// `cpu`, `cuda`, `cuda:1`. A job's identity holds the part before the colon.
    pub device: String,
    /// `f32`, `tf32` or `bf16`.
    pub precision: String,
    /// CPU threads in use.
    pub threads: usize,
    /// Whether only operators are used that give the same bits every time.
    pub deterministic: bool,
    /// Which layers of pruned networks run on sparse kernels; never `Auto`.
    pub sparse: Sparse,
    /// The version of the results: raised when the same settings give other results.
    pub engine: String,
    /// Versions for `manifest.json` (jackpot, torch, …); no part of an identity.
    pub versions: BTreeMap<String, String>,
}

/// The file that a plugin's item comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PluginFile {
    /// The crate's version.
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// The plugins that nodes of a network name, in its graph or in what its skip adds. The config
/// does not name them.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkPlugins {
    pub model: ModelConfig,
    pub skip: Option<PluginRef>,
    /// Sorted; at least one.
    pub plugins: Vec<PluginUse>,
}

impl Facts {
    /// The plugins that nodes of a network name.
    pub fn network(&self, model: &ModelConfig, skip: Option<&PluginRef>) -> &[PluginUse] {
        let is_it = |known: &&NetworkPlugins| known.model == *model && known.skip.as_ref() == skip;
        self.networks.iter().find(is_it).map_or(&[], |network| &network.plugins)
    }

    /// Every plugin that any job uses.
    pub fn all_plugins(&self) -> impl Iterator<Item = PluginUse> {
        let of_config = self.plugins.iter().map(|((kind, name), file)| PluginUse {
            kind: kind.clone(),
            name: name.clone(),
            version: file.version.clone(),
            sha256: file.sha256.clone(),
        });
        of_config.chain(self.networks.iter().flat_map(|network| network.plugins.clone()))
    }
}

/// All that influences a job's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// SHA-256 of the description, in hexadecimal.
    pub hash: String,
    /// What is hashed, with sorted keys; whole numbers are written without a point.
    pub description: Value,
    /// The plugin files among it.
    pub plugins: Vec<PluginUse>,
}

/// The identity of the job `key` of `config`.
///
/// # Errors
/// `facts` lacks the hash of a file that the job uses.
pub fn describe(config: &Config, key: &JobKey, facts: &Facts) -> Result<Identity, ExperimentError> {
    let work = Work::of(config, key).ok_or_else(|| ExperimentError::MissingFact {
        what: format!("the job `{key}`, which is not in the config,"),
    })?;
    let mut describer = Describer { facts: Some(facts), plugins: Vec::new(), missing: None };
    let mut whole = describer.settings(config, &work);
    if let Some(what) = describer.missing {
        return Err(ExperimentError::MissingFact { what });
    }
    whole.insert("engine".into(), json!(facts.engine));
    whole.insert("device".into(), json!(facts.device.split(':').next()));
    whole.insert("precision".into(), json!(facts.precision));
    if let Some(threads) = config.threads {
        whole.insert("threads".into(), json!(threads));
    }
    // What is usual on a device is not said: jobs of before there was a choice keep their identity.
    let is_usual = facts.deterministic == facts.device.starts_with("cpu");
    if !is_usual {
        whole.insert("deterministic".into(), json!(facts.deterministic));
    }
    // Nor is it said of jobs in which nothing is pruned, or that compute all of it dense.
    let prunes = work.level > 0 || work.train.update.is_some();
    if facts.sparse != Sparse::Never && prunes {
        whole.insert("sparse".into(), json!(facts.sparse));
    }
    let description = canonical(Value::Object(whole));
    let hash = hash_of(&description);
    let mut plugins = describer.plugins;
    plugins.sort_unstable();
    plugins.dedup();
    Ok(Identity { hash, description, plugins })
}

/// The hash of a description.
pub fn hash_of(description: &Value) -> String {
    let mut text = String::new();
    write_canonical(description, &mut text);
    sha256(text.as_bytes())
}

/// The part of an identity that the config alone determines: two jobs of one config are the same
/// training if and only if it is equal.
pub fn settings(config: &Config, work: &Work<'_>) -> Value {
    let mut describer = Describer { facts: None, plugins: Vec::new(), missing: None };
    canonical(Value::Object(describer.settings(config, work)))
}
