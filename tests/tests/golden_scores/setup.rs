//! Networks with masks and data, and what the engine does with a score.

use std::path::Path;
use std::sync::OnceLock;

use jackpot::data::{Normaliser, Split};
use jackpot::model::state::{Extra, State};
use jackpot::model::{BuildOptions, Network};
use jackpot::plugin::kinds::{Common, Score};
use jackpot::plugin::{Instance, Registry};
use jackpot::prune::level::round_count;
use jackpot::prune::select::highest;
use jackpot::prune::{Masks, Scope};
use jackpot::torch::settings::{set_threads, without_tf32};
use jackpot::train::access::Access;
use jackpot::train::{Feed, TrainError};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;
use jackpot_tests::install::install;
use serde_json::Value;
use tch::{Device, Tensor};

use crate::formula;
use crate::networks::CLASSES;

const START: Progress = Progress { step: 0, steps_per_epoch: 2, total_steps: 200 };

/// The plugin files that these tests use, as cargo built them.
const FILES: [&str; 8] =
    ["resnet", "vgg", "magnitude", "random", "erk_random", "snip", "grasp", "synflow"];

/// An item with its parameters.
#[track_caller]
pub fn item(kind: Kind, name: &str, params: &Value) -> Instance {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(|| {
        // Tests run from `target/<profile>/deps`; the plugins lie beside that folder.
        let own = std::env::current_exe().unwrap();
        let built = own.ancestors().find(|folder| folder.ends_with("deps")).unwrap();
        let file = |name: &str| built.with_file_name(format!("libjackpot_{name}.so"));
        if FILES.iter().any(|name| !file(name).exists()) {
            // Builds what is missing.
            install();
        }
        let mut registry = Registry::default();
        for name in FILES {
            registry.add_file(&file(name)).unwrap();
        }
        registry
    });
    registry.create(kind, name, &params.as_object().cloned().unwrap_or_default()).unwrap()
}

/// A network that can be pruned, with data.
pub struct Subject {
    pub network: Network,
    pub masks: Masks,
    /// The prunable parameters, in order.
    pub names: Vec<String>,
    feed: Feed,
    pub seed: u64,
}

impl Subject {
    /// A network at its start; `per_class` images of side `side` for each class, by the formulas
    /// of the state `label`.
    pub fn new(
        graph: &Graph,
        prunable: &[&str],
        label: &str,
        per_class: usize,
        side: usize,
    ) -> Self {
        set_threads(1).unwrap();
        let options = BuildOptions {
            activation: None,
            skip: None,
            registry: None,
            seed: 42,
            device: Device::Cpu,
            start: START,
        };
        let network = Network::build(graph, options).unwrap();
        let patterns: Vec<_> = prunable.iter().map(|&pattern| pattern.to_owned()).collect();
        let names = Scope::new(&patterns).names(&network).unwrap();
        let masks = Masks::dense(&network, &names);
        Self { network, masks, names, feed: feed(label, per_class, side), seed: 42 }
    }

    /// Weights and buffers of the state `label`, rounded to f32.
    pub fn load(&mut self, label: &str) {
        let parameters = self.network.parameters().iter().map(|p| (&p.name, &p.tensor));
        let buffers = self.network.buffers().iter().map(|b| (&b.name, &b.tensor));
        let tensor = |(name, like): (&String, &Tensor)| {
            let shape: Vec<usize> = like.size().iter().map(|&size| size as usize).collect();
            let values = formula::tensor(label, name, &shape);
            (name.clone(), Tensor::from_slice(&values).reshape(like.size()))
        };
        let state: State = parameters.chain(buffers).map(tensor).collect();
        self.network.load(&state, Path::new("formula"), Extra::Refused).unwrap();
    }

    /// Puts a mask by formula on it.
    pub fn mask(&mut self, label: &str, keep: f64) {
        let mask = |name: &String| {
            let size = self.network.parameter(name).unwrap().tensor.size();
            let count = size.iter().product::<i64>() as usize;
            let flags = formula::mask(count, formula::seed(&format!("{label}/mask/{name}")), keep);
            (name.clone(), Tensor::from_slice(&flags).reshape(size))
        };
        self.masks = Masks::from_tensors(self.names.iter().map(mask));
        self.masks.apply(&self.network).unwrap();
    }

    /// A score for each prunable weight.
    pub fn scores(&self, score: &Score, purpose: &str) -> Vec<(String, Tensor)> {
        let Self { network, masks, names, feed, seed } = self;
        let access = Access::new(network, masks, feed, names, *seed);
        let context = access.context(score.name(), purpose, START, *seed, Device::Cpu);
        without_tf32(|| score.score(&context).map_err(TrainError::from)).unwrap()
    }

    /// Keeps the `keep` highest.
    pub fn highest(&self, scores: &[(String, Tensor)], keep: u64) -> Masks {
        highest(&self.masks, &self.names, scores, keep).unwrap()
    }

    /// Prunes down to `target` weights in the score's rounds, as the engine does.
    pub fn prune(&mut self, score: &Score, target: u64) {
        let (remaining, rounds) = (self.masks.kept(), score.rounds().unwrap());
        for round in 1..=rounds {
            self.masks.apply(&self.network).unwrap();
            let scores = self.scores(score, &format!("round{round}"));
            self.masks = self.highest(&scores, round_count(remaining, target, round, rounds));
        }
        self.masks.apply(&self.network).unwrap();
    }

    /// How many weights each layer has left.
    pub fn kept(&self) -> Vec<u64> {
        let kept = self.masks.kept_by_name();
        self.names.iter().map(|name| kept[name]).collect()
    }
}

/// A score with its parameters.
#[track_caller]
pub fn score(name: &str, params: &Value) -> Score {
    Score::new(item(Kind::Score, name, params))
}

fn feed(label: &str, per_class: usize, side: usize) -> Feed {
    let (count, shape) = (CLASSES * per_class, [3, side, side]);
    let numbers = |what: &str, n: usize, below: u64| {
        formula::labels(n, formula::seed(&format!("{label}/{what}")), below)
    };
    let pixels = numbers("pixels", count * 3 * side * side, 256);
    let size = [count, 3, side, side].map(|size| size as i64);
    let images = Tensor::from_slice(&pixels).to_kind(tch::Kind::Uint8).reshape(size);
    let labels = Tensor::from_slice(&numbers("labels", count, CLASSES as u64));
    let split = |count: i64| Split {
        images: images.narrow(0, 0, count),
        labels: labels.narrow(0, 0, count),
        classes: CLASSES,
    };
    Feed {
        train: split(size[0]),
        validation: split(0),
        test: split(0),
        normaliser: Normaliser::new(&[0.5; 3], &[0.25; 3], Device::Cpu).unwrap(),
        classes: CLASSES,
        shape,
    }
}
