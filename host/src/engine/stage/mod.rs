//! A small training on which any item can be tried, without a config or a dataset.
//!
//! A [`Stage`] has what a real training has, only tiny: a network of convolutions with a residual
//! block and a hidden linear layer (so that activation sites have shapes `[C, H, W]` and `[F]`), 64
//! images of 3×8×8 in four classes, a ticket of half the weights, a teacher, and the length of the
//! paper's training. Everything is a function of the stage's seed.
//!
//! ```text
//! let stage = Stage::new(registry, Device::Cpu, 1)?;
//! let train = stage.with(Kind::Activation, "swish", params);  // the item in its place
//! let training = stage.training(&train)?;                     // declared tensors and knobs are made
//! let access = stage.access(&training);                       // the model as init, score and update see it
//! let context = access.context("swish", "trial", stage.progress(0), 1, Device::Cpu);
//! ```
//!
//! A [`Training`] is what the real ones are: `initialise`, `update_masks`, `step` and the recipe's
//! items run in it as they will in earnest.

#[cfg(test)]
mod captured_tests;
mod images;
mod network;
#[cfg(test)]
mod tests;

pub use images::CLASSES;

use std::path::Path;

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::{Graph, GraphView};
use jackpot_plugin_api::manifest::Kind;
use serde_json::{Map, Value};
use tch::{Device, Tensor};

use crate::config::{Optimizer, PluginRef, Precision, TrainConfig};
use crate::model::graph::shapes;
use crate::model::{BuildOptions, Network};
use crate::plugin::Registry;
use crate::plugin::border::tensors::set_training_device;
use crate::plugin::kinds::BatchTensors;
use crate::prune::{Masks, Scope};
use crate::random::Stream;
use crate::train::access::Access;
use crate::train::{Cadence, Feed, TrainError, Training, TrainingSpec};

/// Images of one step.
pub const BATCH: usize = 16;
/// As in the paper, so that milestones and fades come to pass.
pub const EPOCHS: u64 = 182;

/// Everything that items are tried on. See the [module](self).
#[derive(Debug)]
pub struct Stage {
    registry: Registry,
    graph: Graph,
    feed: Feed,
    /// The parameters that the ticket prunes.
    names: Vec<String>,
    seed: u64,
    device: Device,
    precision: Precision,
    captures: bool,
}

impl Stage {
    /// Sets it up, and makes plugins create their tensors on that device. The registry may be
    /// empty: then the stage is good for tensors and the model.
    ///
    /// # Errors
    ///
    /// What libtorch says: not enough memory on that device.
    pub fn new(registry: Registry, device: Device, seed: u64) -> Result<Self, TrainError> {
        Self::of_graph(registry, network::graph(), images::SHAPE, device, seed)
    }

    /// As [`Stage::new`], with another network: one that takes images of that shape and gives
    /// [`CLASSES`] logits.
    ///
    /// # Errors
    ///
    /// As [`Stage::new`]; a network of which nothing can be pruned.
    pub fn of_graph(
        registry: Registry,
        graph: Graph,
        shape: [usize; 3],
        device: Device,
        seed: u64,
    ) -> Result<Self, TrainError> {
        set_training_device(device);
        let feed = images::feed(shape, device)?;
        let names = Scope::new(&["conv".to_owned(), "linear".to_owned()])
            .names(&plain(&graph, &registry, seed, device)?)?;
        Ok(Self {
            registry,
            graph,
            feed,
            names,
            seed,
            device,
            precision: Precision::F32,
            captures: false,
        })
    }

    /// Its trainings compute in that precision, which is never `Auto`; without it in f32.
    pub fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Its trainings capture their steps; without it they do not.
    pub fn capturing(self) -> Self {
        Self { captures: true, ..self }
    }

    /// The items that there are.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The items, for another stage.
    pub fn into_registry(self) -> Registry {
        self.registry
    }

    /// The network's graph: input `x` f32 `[3, 8, 8]`, output `logits` `[4]`.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The graph with shapes, as a `skip` sees it.
    ///
    /// # Errors
    ///
    /// None that an item can cause.
    pub fn view(&self) -> Result<GraphView, TrainError> {
        Ok(shapes::infer(&self.graph)?)
    }

    /// The images, on the stage's device.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The names of the parameters that the ticket prunes, in state-dict order: every weight of a
    /// convolution or a linear layer.
    pub fn prunable(&self) -> &[String] {
        &self.names
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// A recipe without any item: SGD as in the paper, cross-entropy.
    pub fn without(&self) -> TrainConfig {
        TrainConfig::plain(EPOCHS, BATCH, Optimizer::sgd(0.1, 0.9, 2e-4))
    }

    /// A recipe with that item in its place; of the kinds `architecture` and `score`, which are no
    /// part of a recipe, one without.
    pub fn with(&self, kind: Kind, plugin: &str, params: Map<String, Value>) -> TrainConfig {
        let item = PluginRef { plugin: plugin.to_owned(), params };
        let mut train = self.without();
        match kind {
            Kind::Activation => train.activation = Some(item),
            Kind::Skip => train.skip = Some(item),
            Kind::Init => train.init = Some(item),
            Kind::Augmentation => train.augmentation = vec![item],
            Kind::LrSchedule => train.lr_schedule = Some(item),
            Kind::Loss => train.loss = Some(item),
            Kind::Update => train.update = Some(item),
            Kind::Architecture | Kind::Score => {}
            #[cfg(feature = "next")]
            Kind::Next => {}
        }
        train
    }

    /// A training under a recipe, before its first step: items, knobs and declared tensors are
    /// made; the ticket's masks act; there is a teacher if the loss wants one. The recipe's init
    /// has not run.
    ///
    /// # Errors
    ///
    /// An item that cannot be found, refuses its parameters or does not fit the network.
    pub fn training<'a>(&'a self, train: &'a TrainConfig) -> Result<Training<'a>, TrainError> {
        let mut training = Training::build(self.spec(train))?;
        training.masks = self.masks(&training.network);
        training.masks.apply(&training.network)?;
        if let Some(loss) = &training.recipe.loss
            && loss.item.needs_teacher()?
        {
            training.teacher = Some(self.teacher()?);
        }
        training.lay_out()?;
        Ok(training)
    }

    /// The same network with other weights.
    ///
    /// # Errors
    ///
    /// None that an item can cause.
    pub fn teacher(&self) -> Result<Network, TrainError> {
        plain(&self.graph, &self.registry, self.seed.wrapping_add(1), self.device)
    }

    /// The ticket: by chance, every weight is kept or not.
    pub fn masks(&self, network: &Network) -> Masks {
        let mask = |name: &String| {
            let shape = network.parameter(name)?.tensor.size();
            let count = shape.iter().product::<i64>().unsigned_abs() as usize;
            let signs = Stream::new(self.seed, &format!("stage/mask/{name}"), 0, 0).signs(count);
            let mask = Tensor::from_slice(&signs).gt(0.0).reshape(shape).to_device(self.device);
            Some((name.clone(), mask))
        };
        self.names.iter().filter_map(mask).collect()
    }

    /// The model of a training as `init`, `score` and `update` hooks see it.
    pub fn access<'a>(&'a self, training: &'a Training<'_>) -> Access<'a> {
        Access::new(&training.network, &training.masks, &self.feed, &self.names, self.seed)
    }

    /// After `step` steps.
    pub fn progress(&self, step: u64) -> Progress {
        let steps_per_epoch = self.feed.train.len().div_ceil(BATCH) as u64;
        Progress { step, steps_per_epoch, total_steps: steps_per_epoch * EPOCHS }
    }

    /// Images, one-hot targets and indices as an `augmentation` sees them; `number` goes round
    /// after the last batch.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn batch(&self, number: u64) -> Result<BatchTensors, TrainError> {
        let batch = self.feed.train.fetch(&self.indices(number))?;
        Ok(BatchTensors { images: batch.images, targets: batch.targets, indices: batch.indices })
    }

    /// The images of a batch.
    pub fn indices(&self, number: u64) -> Vec<i64> {
        let count = self.feed.train.len() as i64;
        let first = (number.wrapping_mul(BATCH as u64) % count.unsigned_abs()) as i64;
        (first..).take(BATCH).map(|index| index % count).collect()
    }

    fn spec<'a>(&'a self, train: &'a TrainConfig) -> TrainingSpec<'a> {
        let nowhere = Path::new("");
        TrainingSpec {
            graph: &self.graph,
            train,
            registry: &self.registry,
            feed: &self.feed,
            seed: self.seed,
            device: self.device,
            precision: self.precision,
            captures: self.captures,
            rewind_points: &[],
            into: nowhere,
            checkpoint: nowhere,
            cadence: Cadence::Auto,
        }
    }
}

/// The network without any tweak.
fn plain(
    graph: &Graph,
    registry: &Registry,
    seed: u64,
    device: Device,
) -> Result<Network, TrainError> {
    let options = BuildOptions {
        activation: None,
        skip: None,
        registry: Some(registry),
        seed,
        device,
        start: Progress { step: 0, steps_per_epoch: 1, total_steps: 1 },
    };
    Ok(Network::build(graph, options)?)
}
