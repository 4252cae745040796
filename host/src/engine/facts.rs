//! What the identity of a job depends on besides the config.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jackpot_plugin_api::manifest::Kind;

use super::ENGINE;
use super::device::{device_name, precision_name};
use super::error::OpenError;
use super::graphs::Graphs;
use super::nodes;
use crate::config::{
    Architecture, Config, Levels, ModelConfig, PluginRef, Precision, Sparse, Teacher, TrainConfig,
};
use crate::digest::sha256;
use crate::experiment::{Facts, PluginFile};
use crate::plugin::Registry;

/// The libtorch that this was built with, and that the rpath leads to: `2.11.0`.
const TORCH: &str = env!("JACKPOT_TORCH_VERSION");

/// The compiler that this was built with: `1.90.0`.
const RUSTC: &str = env!("JACKPOT_RUSTC_VERSION");

/// Every plugin item that a config names.
pub fn plugins_of(config: &Config) -> Vec<(Kind, &PluginRef)> {
    let mut all = Vec::new();
    let spends = config.spends.iter().map(|spend| (&spend.model, &spend.train));
    for (model, train) in std::iter::once((&config.model, &config.train)).chain(spends) {
        all.extend(of_model(model));
        all.extend(of_training(train));
        if let Some(Teacher::File { architecture: Some(Architecture::Plugin(it)), .. }) =
            &train.teacher
        {
            all.push((Kind::Architecture, it));
        }
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
        (Kind::Update, &train.update),
    ];
    let single = single.into_iter().filter_map(|(kind, one)| one.as_ref().map(|r| (kind, r)));
    single.chain(train.augmentation.iter().map(|one| (Kind::Augmentation, one)))
}

/// Every file besides plugins and data that a config names.
fn files_of(config: &Config) -> BTreeSet<&PathBuf> {
    let mut files = BTreeSet::new();
    let mut architectures = vec![&config.model.architecture];
    architectures.extend(config.spends.iter().map(|spend| &spend.model.architecture));
    let trains = config.spends.iter().map(|spend| &spend.train).chain([&config.train]);
    for teacher in trains.filter_map(|train| train.teacher.as_ref()) {
        if let Teacher::File { weights, architecture } = teacher {
            files.insert(weights);
            architectures.extend(architecture);
        }
    }
    for architecture in architectures {
        if let Architecture::File { file } = architecture {
            files.insert(file);
        }
    }
    for draw in &config.draws {
        files.extend(&draw.weights);
        if let Levels::Masks(masks) = &draw.levels {
            files.extend(masks);
        }
    }
    files
}

/// The facts of a config whose data was read.
pub fn gather(
    config: &Config,
    registry: &Registry,
    networks: &Graphs,
    (dataset_sha256, train_images): (&str, usize),
    (device, precision, threads): (tch::Device, Precision, usize),
    (deterministic, sparse): (bool, Sparse),
) -> Result<Facts, OpenError> {
    let mut plugins = BTreeMap::new();
    for (kind, reference) in plugins_of(config) {
        let file = registry.find(kind, &reference.plugin)?.file;
        let fact =
            PluginFile { version: file.manifest.version.clone(), sha256: file.sha256.clone() };
        plugins.insert((kind.as_str().to_owned(), reference.plugin.clone()), fact);
    }
    let files = files_of(config)
        .into_iter()
        .map(|file| Ok((file.clone(), hash_file(file)?)))
        .collect::<Result<_, OpenError>>()?;
    Ok(Facts {
        plugins,
        files,
        networks: nodes::of_config(config, networks, registry)?,
        dataset_sha256: dataset_sha256.to_owned(),
        train_images: train_images as u64,
        device: device_name(device),
        precision: precision_name(precision).to_owned(),
        threads,
        deterministic,
        sparse,
        engine: ENGINE.to_owned(),
        versions: versions(),
    })
}

/// What results may depend on besides all that is in an identity.
pub fn versions() -> BTreeMap<String, String> {
    let versions = [
        ("jackpot", env!("CARGO_PKG_VERSION")),
        ("plugin-api", jackpot_plugin_api::VERSION),
        ("torch", TORCH),
        ("rustc", RUSTC),
    ];
    versions.map(|(name, version)| (name.to_owned(), version.to_owned())).into()
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
