//! What the identity of a job depends on besides the config.

use std::collections::BTreeMap;
use std::path::Path;

use jackpot_plugin_api::manifest::Kind;

use super::ENGINE;
use super::device::{device_name, precision_name};
use super::error::OpenError;
use super::graphs::Graphs;
use super::nodes;
use crate::config::{Architecture, Config, ModelConfig, PluginRef, Precision, TrainConfig};
use crate::digest::sha256;
use crate::experiment::{Facts, PluginFile};
use crate::plugin::Registry;

/// The libtorch that this was built with, and that the rpath leads to: `2.11.0`.
const TORCH: &str = env!("JACKPOT_TORCH_VERSION");

/// Every plugin item that a config names.
pub fn plugins_of(config: &Config) -> Vec<(Kind, &PluginRef)> {
    let mut all = Vec::new();
    let spends = config.spends.iter().map(|spend| (&spend.model, &spend.train));
    for (model, train) in std::iter::once((&config.model, &config.train)).chain(spends) {
        all.extend(of_model(model));
        all.extend(of_training(train));
    }
    all.extend(config.draws.iter().map(|draw| (Kind::Score, &draw.score)));
    all
}

/// The item that makes a model's graph.
pub fn of_model(model: &ModelConfig) -> Option<(Kind, &PluginRef)> {
    match &model.architecture {
        Architecture::Plugin(reference) => Some((Kind::Architecture, reference)),
        Architecture::File { .. } => None,
    }
}

/// The items of a recipe.
pub fn of_training(train: &TrainConfig) -> impl Iterator<Item = (Kind, &PluginRef)> {
    let single = [
        (Kind::LrSchedule, &train.lr_schedule),
        (Kind::Activation, &train.activation),
        (Kind::Skip, &train.skip),
        (Kind::Init, &train.init),
        (Kind::Loss, &train.loss),
    ];
    let single = single.into_iter().filter_map(|(kind, one)| one.as_ref().map(|r| (kind, r)));
    single.chain(train.augmentation.iter().map(|one| (Kind::Augmentation, one)))
}

/// The facts of a config whose data was read.
pub fn gather(
    config: &Config,
    registry: &Registry,
    networks: &Graphs,
    dataset_sha256: &str,
    device: tch::Device,
    precision: Precision,
    threads: usize,
) -> Result<Facts, OpenError> {
    let mut plugins = BTreeMap::new();
    for (kind, reference) in plugins_of(config) {
        let file = registry.find(kind, &reference.plugin)?.file;
        let fact =
            PluginFile { version: file.manifest.version.clone(), sha256: file.sha256.clone() };
        plugins.insert((kind.as_str().to_owned(), reference.plugin.clone()), fact);
    }
    let mut graphs = BTreeMap::new();
    let models = std::iter::once(&config.model).chain(config.spends.iter().map(|s| &s.model));
    for model in models {
        if let Architecture::File { file } = &model.architecture {
            graphs.insert(file.clone(), hash_file(file)?);
        }
    }
    let versions = [
        ("jackpot", env!("CARGO_PKG_VERSION")),
        ("plugin-api", jackpot_plugin_api::VERSION),
        ("torch", TORCH),
    ];
    Ok(Facts {
        plugins,
        graphs,
        networks: nodes::of_config(config, networks, registry)?,
        dataset_sha256: dataset_sha256.to_owned(),
        device: device_name(device),
        precision: precision_name(precision).to_owned(),
        threads,
        engine: ENGINE.to_owned(),
        versions: versions.map(|(name, version)| (name.to_owned(), version.to_owned())).into(),
    })
}

/// SHA-256 of a file, in hexadecimal.
pub fn hash_file(path: &Path) -> Result<String, OpenError> {
    let bytes = std::fs::read(path).map_err(|error| OpenError::File {
        path: path.to_owned(),
        message: format!("cannot be read: {error}"),
    })?;
    Ok(sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_libtorch_is_whole() {
        let parts: Vec<u32> = TORCH.split('.').map(|part| part.parse().unwrap()).collect();
        assert!(parts.len() == 3 && parts[0] >= 2, "{TORCH}");
    }
}
