//! The host's parts, made as the engine makes them.

use std::path::Path;
use std::sync::OnceLock;

use jackpot::config::{Optimizer, PluginRef, Precision, TrainConfig};
use jackpot::data::{Normaliser, Split};
use jackpot::model::graph::source::{from_plugin, image_input, logits_output};
use jackpot::plugin::kinds::Architecture;
use jackpot::plugin::{Instance, Registry};
use jackpot::torch::settings::set_threads;
use jackpot::train::{Cadence, Feed, Training, TrainingSpec};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;
use jackpot_tests::install::{first_party, install};
use serde_json::{Map, Value, json};
use tch::{Device, Tensor};

/// Before the first of many steps.
pub const START: Progress = Progress { step: 0, steps_per_epoch: 2, total_steps: 200 };

/// The first-party plugins, from the files that cargo built.
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        // Tests run from `target/<profile>/deps`; the plugins lie beside that folder.
        let own = std::env::current_exe().unwrap();
        let built = own.ancestors().find(|folder| folder.ends_with("deps")).unwrap();
        let file = |name: &str| built.with_file_name(format!("libjackpot_{name}.so"));
        if first_party().iter().any(|name| !file(name).exists()) {
            // Builds what is missing.
            install();
        }
        let mut registry = Registry::default();
        for name in first_party() {
            registry.add_file(&file(name)).unwrap();
        }
        registry
    })
}

/// An item with its parameters.
#[track_caller]
pub fn instance(kind: Kind, name: &str, params: &Value) -> Instance {
    registry().create(kind, name, &map(params)).unwrap()
}

/// An item as a config names it.
pub fn reference(name: &str, params: &Value) -> PluginRef {
    PluginRef { plugin: name.to_owned(), params: map(params) }
}

fn map(params: &Value) -> Map<String, Value> {
    params.as_object().cloned().unwrap_or_default()
}

/// What a training is made of. Change the public parts before [`Parts::spec`].
pub struct Parts {
    pub graph: Graph,
    pub train: TrainConfig,
    pub feed: Feed,
}

impl Parts {
    /// An architecture for images of three channels; plain SGD, no tweaks, no data.
    pub fn new(architecture: &str, width: i64, side: usize, classes: usize) -> Self {
        Self::of(architecture, width, [3, side, side], classes)
    }

    /// The same for images of any shape.
    pub fn of(architecture: &str, width: i64, shape: [usize; 3], classes: usize) -> Self {
        // Several tests run side by side.
        set_threads(1).unwrap();
        let params = json!({ "width": width });
        let item = Architecture::new(instance(Kind::Architecture, architecture, &params));
        let graph = from_plugin(&item, &image_input(shape), &logits_output(classes)).unwrap();
        let (means, stds) = (vec![0.0; shape[0]], vec![1.0; shape[0]]);
        let normaliser = Normaliser::new(&means, &stds, Device::Cpu).unwrap();
        let empty = || split(&[], shape, classes);
        let (train, validation, test) = (empty(), empty(), empty());
        let feed = Feed { train, validation, test, normaliser, classes, shape };
        Self { graph, train: plain(Optimizer::sgd(0.1, 0.9, 2e-4)), feed }
    }

    /// What a training is asked to be.
    pub fn spec(&self) -> TrainingSpec<'_> {
        TrainingSpec {
            graph: &self.graph,
            train: &self.train,
            registry: registry(),
            feed: &self.feed,
            seed: 42,
            device: Device::Cpu,
            precision: Precision::F32,
            captures: false,
            rewind_points: &[],
            into: Path::new(""),
            checkpoint: Path::new(""),
            cadence: Cadence::Auto,
        }
    }

    /// A training with its network.
    #[track_caller]
    pub fn training(&self) -> Training<'_> {
        Training::build(self.spec()).unwrap()
    }
}

/// Images, each of class 0.
pub fn split(pixels: &[u8], shape: [usize; 3], classes: usize) -> Split {
    let count = pixels.len() / shape.iter().product::<usize>();
    let size = [count, shape[0], shape[1], shape[2]].map(|size| size as i64);
    let labels = Tensor::from_slice(&vec![0_i64; count]);
    Split { images: Tensor::from_slice(pixels).reshape(size), labels, classes }
}

fn plain(optimizer: Optimizer) -> TrainConfig {
    TrainConfig::plain(100, 8, optimizer)
}
