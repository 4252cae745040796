//! Accuracy of stored weights.

use std::path::Path;

use jackpot_plugin_api::Duration;
use jackpot_plugin_api::graph::Graph;
use tch::{Device, Tensor};

use super::error::OpenError;
use super::facts::hash_file;
use super::graphs::Graphs;
use super::kept::Kept;
use super::session::Session;
use super::stored::{BEST, BEST_MASK, MASK, sparse};
use crate::config::{Architecture, Config, ModelConfig, Precision, Sparse, TrainConfig};
use crate::data::{self, Split, Watch};
use crate::experiment::{JobRecord, PluginUse, RunDir};
use crate::model::Network;
use crate::model::state::{self, Extra, State, to_safetensors};
use crate::plugin::Registry;
use crate::prune::Masks;
use crate::train::evaluate::evaluate;
use crate::train::kernels::{self, Measured};
use crate::train::{Cadence, Evaluation, Feed, TrainError, Training, TrainingSpec};

/// Weights in a file, and what they are of.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    pub path: &'a Path,
    pub model: &'a ModelConfig,
    pub train: &'a TrainConfig,
    /// The point of the training that they are of: knobs stand as they stood there. `None`: its
    /// end.
    pub at: Option<Duration>,
    /// The plugin files that they were made with, of which the run has copies. What is not among
    /// them is taken as it is found now.
    pub plugins: &'a [PluginUse],
    /// The graph file's hash at that time, if the network comes from one.
    pub graph_sha256: Option<&'a str>,
}

/// What an evaluation gives besides the numbers, if asked for.
#[derive(Debug)]
pub struct Evaluated {
    pub evaluation: Evaluation,
    /// f32 `[N, classes]`, in the order of the split.
    pub logits: Tensor,
    pub images: usize,
}

/// Which images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Test,
    Validation,
}

/// A config's data, on which weights can be evaluated.
#[derive(Debug)]
pub struct Evaluator {
    session: Session,
    run: Option<RunDir>,
    feed: Feed,
    dataset_sha256: String,
    /// Plugin files of the run's jobs; several where jobs were done with different files.
    kept: Vec<Kept>,
}

impl Evaluator {
    /// Reads the data of a config; for weights of a run, with the run.
    ///
    /// # Errors
    ///
    /// A dataset that cannot be read.
    pub fn new(
        session: Session,
        run: Option<RunDir>,
        watch: &dyn Watch,
    ) -> Result<Self, OpenError> {
        let data = data::load(&session.config.data, watch)?;
        let feed = Feed::new(&data, session.device).map_err(|error| OpenError::Rehearsal {
            what: "moving the data to the device".to_owned(),
            source: Box::new(error),
        })?;
        let dataset_sha256 = data.sha256;
        Ok(Self { session, run, feed, dataset_sha256, kept: Vec::new() })
    }

    pub fn config(&self) -> &Config {
        &self.session.config
    }

    /// The data.
    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// SHA-256 over the dataset's content.
    pub fn dataset_sha256(&self) -> &str {
        &self.dataset_sha256
    }

    /// Loads weights into their network, as it stood when they were stored (so that a faded skip
    /// is as far gone as it was), and evaluates it.
    ///
    /// # Errors
    ///
    /// Weights that do not fit the network, a plugin file that is lost, or no images.
    pub fn evaluate(&mut self, weights: &Weights<'_>, part: Part) -> Result<Evaluated, OpenError> {
        self.with(weights, |trained, model, train| trained.evaluate(model, train, weights, part))
    }

    /// The first values of the network that the weights are of, before any init plugin, as a
    /// training with that seed stores them.
    ///
    /// # Errors
    ///
    /// A plugin file that is lost, or a graph that cannot be built.
    pub fn initial(&mut self, weights: &Weights<'_>, seed: u64) -> Result<State, OpenError> {
        self.with(weights, |trained, model, train| {
            let train = &TrainConfig { update: None, ..train.clone() };
            let graph = trained.graph(model)?;
            let training = Training::build(trained.spec(&graph, train, seed))?;
            Ok(training.network.stored_state())
        })
    }

    /// Builds with the plugins that the weights were made with.
    pub(super) fn with<T>(
        &mut self,
        weights: &Weights<'_>,
        work: impl FnOnce(&Trained<'_>, &ModelConfig, &TrainConfig) -> Result<T, TrainError>,
    ) -> Result<T, OpenError> {
        let Self { session, run, feed, kept, .. } = self;
        let wrong = |error: TrainError| OpenError::Rehearsal {
            what: weights.path.display().to_string(),
            source: Box::new(error),
        };
        check_graph(weights)?;
        let Some(run) = run else {
            let (model, train) = (weights.model, weights.train);
            let trained = Trained { session, feed, registry: &session.registry, kept: None };
            return work(&trained, model, train).map_err(wrong);
        };
        let place = match kept.iter().position(|kept| kept.agrees(weights.plugins)) {
            Some(place) => place,
            None => {
                kept.push(Kept::default());
                kept.len() - 1
            }
        };
        let kept = &mut kept[place];
        kept.add(run, weights.plugins, &session.registry, weights.path)?;
        let (model, train) = kept.lead(weights.model, weights.train, &session.registry)?;
        let trained = Trained { session, feed, registry: &kept.registry, kept: Some(kept) };
        work(&trained, &model, &train).map_err(wrong)
    }

    /// The normalised images of a split, as the network sees them.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn inputs(&self, part: Part) -> Result<Tensor, OpenError> {
        let all = || -> Result<Tensor, tch::TchError> {
            let batches = split(&self.feed, part)
                .evaluation_batches(crate::train::evaluate::BATCH)
                .map(|batch| self.feed.normaliser.apply(&batch?.images))
                .collect::<Result<Vec<_>, _>>()?;
            Tensor::f_cat(&batches, 0)
        };
        all().map_err(|error| OpenError::Device(error.to_string()))
    }
}

/// Refuses another graph than the one the weights were made in, since weights may fit both.
fn check_graph(weights: &Weights<'_>) -> Result<(), OpenError> {
    let (Architecture::File { file }, Some(then)) =
        (&weights.model.architecture, weights.graph_sha256)
    else {
        return Ok(());
    };
    if hash_file(file)? == then {
        return Ok(());
    }
    let message = format!(
        "was changed since {} was made in it; put the graph of that time back",
        weights.path.display()
    );
    Err(OpenError::File { path: file.clone(), message })
}

pub(super) fn split(feed: &Feed, part: Part) -> &Split {
    match part {
        Part::Test => &feed.test,
        Part::Validation => &feed.validation,
    }
}

/// What a network is built with.
pub(super) struct Trained<'a> {
    pub session: &'a Session,
    pub feed: &'a Feed,
    registry: &'a Registry,
    kept: Option<&'a Kept>,
}

impl Trained<'_> {
    fn graph(&self, model: &ModelConfig) -> Result<Graph, TrainError> {
        let mut graph = Graphs::build(model, self.registry, self.feed.shape, self.feed.classes)?;
        if let Some(kept) = self.kept {
            kept.lead_nodes(&mut graph);
        }
        Ok(graph)
    }

    fn spec<'a>(&'a self, graph: &'a Graph, train: &'a TrainConfig, seed: u64) -> TrainingSpec<'a> {
        let nowhere = Path::new("");
        TrainingSpec {
            graph,
            train,
            registry: self.registry,
            feed: self.feed,
            seed,
            device: self.session.device,
            precision: self.session.precision,
            captures: false,
            rewind_points: &[],
            into: nowhere,
            checkpoint: nowhere,
            cadence: Cadence::Auto,
        }
    }

    /// A training whose network has the weights and stands as it did when they were stored.
    fn loaded<'a>(
        &'a self,
        graph: &'a Graph,
        train: &'a TrainConfig,
        weights: &Weights<'_>,
    ) -> Result<Training<'a>, TrainError> {
        let seed = self.session.config.seeds.first().copied().unwrap_or_default();
        let spec = self.spec(graph, train, seed);
        let mut training = Training::build(spec)?;
        let end = spec.start().total_steps;
        let step = weights.at.map_or(end, |at| at.steps(spec.steps_per_epoch()).min(end));
        training.network.set_progress(spec.progress(step))?;
        training.network.load(&state::read(weights.path)?, weights.path, Extra::Refused)?;
        Ok(training)
    }

    /// The network with the weights, as it stood when they were stored, without sparse kernels.
    pub fn network(
        &self,
        model: &ModelConfig,
        train: &TrainConfig,
        weights: &Weights<'_>,
    ) -> Result<Network, TrainError> {
        let train = &TrainConfig { update: None, ..train.clone() };
        let graph = self.graph(model)?;
        Ok(self.loaded(&graph, train, weights)?.network)
    }

    /// The kernels with which a job's own evaluation of its weights ran, or which the config asks
    /// for.
    fn use_kernels(&self, training: &mut Training<'_>, path: &Path) -> Result<(), TrainError> {
        let beside = |name: &str| path.with_file_name(name);
        let record = JobRecord::read(&beside(JobRecord::FILE)).ok().flatten();
        let best = path.ends_with(BEST).then(|| beside(BEST_MASK)).filter(|mask| mask.is_file());
        let mask = best.unwrap_or_else(|| beside(MASK));
        training.masks = match (&record, mask.is_file()) {
            (Some(_), true) => Masks::read(&mask, &training.network)?,
            _ => Masks::of_zeros(&training.network),
        };
        let choice = record.as_ref().map_or(self.session.sparse, sparse);
        let choice =
            if self.session.device == Device::Cpu && self.session.precision == Precision::F32 {
                choice
            } else {
                Sparse::Never
            };
        training.repeat_kernels(choice, Measured::read(&beside(kernels::FILE))?.as_ref())
    }

    fn evaluate(
        &self,
        model: &ModelConfig,
        train: &TrainConfig,
        weights: &Weights<'_>,
        part: Part,
    ) -> Result<Evaluated, TrainError> {
        let feed = self.feed;
        // Stored weights are what their masks left of them.
        let train = &TrainConfig { update: None, ..train.clone() };
        let graph = self.graph(model)?;
        let mut training = self.loaded(&graph, train, weights)?;
        self.use_kernels(&mut training, weights.path)?;
        let split = split(feed, part);
        let mut all = Vec::new();
        let mut keep = |logits: &Tensor| {
            all.push(logits.to_device(Device::Cpu));
            std::ops::ControlFlow::Continue(())
        };
        let precision = self.session.precision;
        let evaluation =
            evaluate(&training.network, split, &feed.normaliser, precision, &mut keep)?;
        let logits = Tensor::f_cat(&all, 0)?;
        Ok(Evaluated { evaluation, logits, images: split.len() })
    }
}

/// Writes logits (f32 `[N, classes]`) and, if given, the inputs they belong to (f32
/// `[N, C, H, W]`, normalised) as a safetensors file with `logits` and `inputs`.
///
/// # Errors
///
/// A disk that is full or not writable.
pub fn write_logits(
    path: &Path,
    logits: &Tensor,
    inputs: Option<&Tensor>,
) -> Result<(), OpenError> {
    let mut tensors = State::from([("logits".to_owned(), logits.shallow_clone())]);
    if let Some(inputs) = inputs {
        tensors.insert("inputs".to_owned(), inputs.shallow_clone());
    }
    let bytes = to_safetensors(&tensors)?;
    crate::train::checkpoint::write(path, &bytes)
        .map_err(|error| OpenError::File { path: path.to_owned(), message: error.to_string() })
}
