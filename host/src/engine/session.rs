//! A config that was read, checked and rehearsed, with everything that its jobs use.

use std::collections::BTreeSet;
use std::path::Path;

use tch::Device;

use super::device::{self, device_name, precision_name};
use super::error::OpenError;
use super::executor::JobExecutor;
use super::facts::{gather, plugins_of, versions};
use super::folders::plugin_folders;
use super::graphs::Graphs;
use crate::config::{
    self, Config, KnownItems, Loaded, ModelConfig, Overrides, Precision, Sparse, Teacher,
    TrainConfig,
};
use crate::data::{self, Data, Watch};
use crate::experiment::{Facts, Started};
use crate::plugin::Registry;
use crate::train::{Feed, TrainError};

/// An experiment that is ready to be asked about; after [`Session::prepare`], to be run.
#[derive(Debug)]
pub struct Session {
    pub config: Config,
    /// The resolved config as TOML.
    pub config_text: String,
    pub registry: Registry,
    pub device: Device,
    /// Never `Auto`.
    pub precision: Precision,
    pub threads: usize,
    /// Whether only operators are used that give the same bits every time.
    pub deterministic: bool,
    /// Whether training steps are captured as CUDA graphs.
    pub captures: bool,
    /// Which layers of pruned networks run on sparse kernels; never `Auto`.
    pub sparse: Sparse,
    prepared: Option<Prepared>,
}

/// What reading the data gives.
#[derive(Debug)]
pub(super) struct Prepared {
    pub feed: Feed,
    pub graphs: Graphs,
    pub facts: Facts,
    /// As a reader would say it: `CIFAR-100`.
    pub dataset: String,
}

impl Session {
    /// Reads and checks a config, finds plugins, chooses the device. Reads no data.
    ///
    /// # Errors
    ///
    /// A mistake in the config, with its position; a plugin or device that is not there.
    pub fn open(path: &Path, overrides: &Overrides) -> Result<Self, OpenError> {
        let (loaded, mut registry) = load(path, overrides)?;
        let known = known_items(&mut registry, &loaded)?;
        let config = config::check_plugins(&loaded, &known).map_err(|errors| {
            let missing =
                errors.errors().iter().any(|error| error.message().starts_with("there is no "));
            OpenError::Config { errors, plugins: missing.then(|| registry.search_report()) }
        })?;
        for (kind, reference) in plugins_of(&config) {
            registry.find(kind, &reference.plugin)?;
        }
        let session = Self::of(config, registry)?;
        device::asks_for_graphs(session.config.cuda_graph, session.device)?;
        Ok(session)
    }

    /// Reads the config of a run to look at its finished jobs. They name the plugin files that
    /// they were done with, so the config is not held against the plugins that are found now.
    ///
    /// # Errors
    ///
    /// A mistake in the config, with its position; a device that is not there.
    pub fn open_run(path: &Path, overrides: &Overrides) -> Result<Self, OpenError> {
        let (loaded, registry) = load(path, overrides)?;
        Self::of(loaded.unchecked().clone(), registry)
    }

    fn of(config: Config, registry: Registry) -> Result<Self, OpenError> {
        for broken in registry.broken() {
            tracing::warn!("{broken}");
        }
        let device = device::choose(config.device)?;
        let precision = device::precision(config.precision, device)?;
        let deterministic = device::deterministic(config.deterministic, device);
        let sparse = device::sparse(config.sparse, device, precision, deterministic)?;
        let captures = device::captures(config.cuda_graph, device);
        let threads = device::apply(device, precision, config.threads, deterministic)?;
        let config_text = config::to_toml(&config);
        Ok(Self {
            config,
            config_text,
            registry,
            device,
            precision,
            threads,
            deterministic,
            captures,
            sparse,
            prepared: None,
        })
    }

    /// Reads the dataset, and builds and tries every network and recipe of the config once, so
    /// that what is wrong is found before anything is trained. `watch` hears how far the reading is.
    ///
    /// # Errors
    ///
    /// A dataset that cannot be read; a combination that cannot be trained, and why.
    pub fn prepare(&mut self, watch: &dyn Watch) -> Result<(), OpenError> {
        let data = data::load(&self.config.data, watch)?;
        self.prepare_with(&data, true)
    }

    /// As [`Session::prepare`], without trying any recipe: for who trains `[train]` alone.
    ///
    /// # Errors
    ///
    /// A dataset that cannot be read; a network that cannot be built.
    pub fn prepare_to_measure(&mut self, watch: &dyn Watch) -> Result<(), OpenError> {
        let data = data::load(&self.config.data, watch)?;
        self.prepare_with(&data, false)
    }

    fn prepare_with(&mut self, data: &Data, rehearses: bool) -> Result<(), OpenError> {
        let feed = Feed::new(data, self.device)
            .map_err(|error| OpenError::of_part("moving the data to the device", error))?;
        trials_can_be_chosen(&self.config, feed.validation.len())?;
        self.can_give_up(feed.validation.len())?;
        let mut graphs = Graphs::default();
        for (what, model, train) in self.trainings() {
            let teacher = train.teacher.as_ref().and_then(Teacher::model);
            for model in [Some(model.clone()), teacher].into_iter().flatten() {
                graphs.add(&model, &self.registry, data.shape, data.classes).map_err(|error| {
                    OpenError::Impossible {
                        what: if what == "[train]" { "[model]".to_owned() } else { what.clone() },
                        source: Box::new(error.into()),
                    }
                })?;
            }
        }
        let mut seen = BTreeSet::new();
        for (what, model, train) in self.trainings() {
            let is_new = seen.insert(serde_json::to_string(&(model, train)).unwrap_or_default());
            if rehearses && is_new {
                self.rehearse((&graphs, &feed), &what, model, train)?;
            }
        }
        let facts = gather(
            &self.config,
            &self.registry,
            &graphs,
            (&data.sha256, feed.train.len()),
            (self.device, self.precision, self.threads),
            (self.deterministic, self.sparse),
        )?;
        self.prepared = Some(Prepared { feed, graphs, facts, dataset: data.name.clone() });
        Ok(())
    }

    /// Every kind of training of the config, with words for it.
    fn trainings(&self) -> impl Iterator<Item = (String, &ModelConfig, &TrainConfig)> {
        let config = &self.config;
        let own = std::iter::once(("[train]".to_owned(), &config.model, &config.train));
        own.chain(
            config
                .spends
                .iter()
                .map(|spend| (format!("recipe `{}`", spend.recipe), &spend.model, &spend.train)),
        )
    }

    /// That of a recipe, or of `[train]`.
    pub(super) fn training_named(
        &self,
        recipe: Option<&str>,
    ) -> Result<(String, &ModelConfig, &TrainConfig), OpenError> {
        let wanted = recipe.map_or_else(|| "[train]".to_owned(), |name| format!("recipe `{name}`"));
        self.trainings().find(|(what, ..)| *what == wanted).ok_or_else(|| {
            let names: Vec<_> = self.config.spends.iter().map(|s| s.recipe.as_str()).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let message = format!("there is none of that name in the config; there are: {there}");
            OpenError::of_part(wanted, TrainError::Setting(message))
        })
    }

    /// What a start of a run now would compute with.
    pub fn started(&self) -> Started {
        let (device, precision) = (device_name(self.device), precision_name(self.precision));
        Started::now(&device, precision, self.threads, versions())
    }

    /// Whether a training is given up depends on validation images.
    fn can_give_up(&self, validation: usize) -> Result<(), OpenError> {
        let mut given_up = self.trainings().filter(|(_, _, train)| train.give_up.is_some());
        match given_up.next() {
            Some((what, ..)) if validation == 0 => Err(OpenError::of_part(
                what,
                TrainError::Setting(
                    "whether to `give_up` is decided by the accuracy on validation images, and \
                     there are none; set some aside: `validation = 5000` in [data]"
                        .to_owned(),
                ),
            )),
            _ => Ok(()),
        }
    }

    /// What the jobs' identities depend on; after [`Session::prepare`].
    ///
    /// # Errors
    ///
    /// The session was not prepared.
    pub fn facts(&self) -> Result<&Facts, OpenError> {
        self.prepared().map(|prepared| &prepared.facts)
    }

    /// The SHA-256 that a file of the config had in [`Session::prepare`].
    pub(super) fn known(&self, file: &Path) -> Option<&str> {
        self.prepared.as_ref()?.facts.files.get(file).map(String::as_str)
    }

    /// The dataset as a reader would say it; after [`Session::prepare`].
    ///
    /// # Errors
    ///
    /// The session was not prepared.
    pub fn dataset(&self) -> Result<&str, OpenError> {
        self.prepared().map(|prepared| prepared.dataset.as_str())
    }

    /// Does the config's jobs; after [`Session::prepare`].
    ///
    /// # Errors
    ///
    /// The session was not prepared.
    pub fn executor(&self) -> Result<JobExecutor<'_>, OpenError> {
        Ok(JobExecutor::new(self, self.prepared()?))
    }

    pub(super) fn prepared(&self) -> Result<&Prepared, OpenError> {
        let missing = || OpenError::Device("the data were not read yet".to_owned());
        self.prepared.as_ref().ok_or_else(missing)
    }
}

/// Of trials the best on validation is reported; a dataset that may bring its own images for that
/// did not.
fn trials_can_be_chosen(config: &Config, validation: usize) -> Result<(), OpenError> {
    match config.spends.iter().find(|spend| spend.trial_of.is_some()) {
        Some(spend) if validation == 0 => Err(OpenError::of_part(
            format!("recipe `{}`", spend.recipe),
            TrainError::Setting(
                "a trial is chosen by its accuracy on validation images, and the dataset brings \
                 none; set some aside: `validation = 5000` in [data]"
                    .to_owned(),
            ),
        )),
        _ => Ok(()),
    }
}

/// A config that is not held against plugins yet, and the plugins in the folders that it names.
fn load(path: &Path, overrides: &Overrides) -> Result<(Loaded, Registry), OpenError> {
    let plain = |errors| OpenError::Config { errors, plugins: None };
    let loaded = config::load(path, overrides).map_err(plain)?;
    let registry = Registry::discover(&plugin_folders(loaded.plugin_path()));
    Ok((loaded, registry))
}

/// The items that the config is checked against: all that were found, and those of files that it
/// names, under the path as it stands there.
fn known_items(registry: &mut Registry, loaded: &Loaded) -> Result<KnownItems, OpenError> {
    let (mut named, mut broken) = (Vec::new(), Vec::new());
    for path in loaded.plugin_files() {
        match registry.add_file(&path) {
            Ok(file) => named.push((path, file)),
            Err(error) => broken.push(error),
        }
    }
    if !broken.is_empty() {
        return Err(OpenError::Plugins(broken));
    }
    let mut known = registry.known_items();
    for (path, file) in named {
        for item in file.items() {
            let key = (item.kind.clone(), format!("{}:{}", path.display(), item.name));
            known.insert(key, item.clone());
        }
    }
    Ok(known)
}
