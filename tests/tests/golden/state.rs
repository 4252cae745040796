//! The states of `tests/golden/README.md`: weights, batches, masks and momenta by formula.

use std::path::Path;

use jackpot::model::Network;
use jackpot::model::state::{Extra, State};
use jackpot::prune::Masks;
use jackpot::train::batches::Prepared;
use jackpot_plugin_api::graph::Role;
use serde_json::Value;
use tch::{Kind, Tensor};

use crate::data::numbers;
use crate::formula;
use crate::setup::Parts;

/// What a case says of its network and its batch.
#[derive(Debug, Clone)]
pub struct Shape {
    pub architecture: String,
    pub width: i64,
    pub batch: usize,
    pub side: usize,
    pub classes: usize,
}

impl Shape {
    /// From a case of the index.
    pub fn of(about: &Value) -> Self {
        let size = |key: &str| usize::try_from(about[key].as_u64().unwrap()).unwrap();
        Self {
            architecture: about["architecture"].as_str().unwrap_or_default().to_owned(),
            width: about["width"].as_i64().unwrap(),
            batch: size("batch"),
            side: size("side"),
            classes: size("classes"),
        }
    }

    /// The same for another architecture.
    pub fn with(self, architecture: &str) -> Self {
        Self { architecture: architecture.to_owned(), ..self }
    }

    /// The host's parts for it.
    pub fn parts(&self) -> Parts {
        Parts::new(&self.architecture, self.width, self.side, self.classes)
    }

    /// The inputs and one-hot targets of a state.
    pub fn batch(&self, label: &str, kind: Kind) -> Prepared {
        let size = [self.batch, 3, self.side, self.side];
        let seed = |what: &str| formula::seed(&format!("{label}/{what}"));
        let pixels = formula::values(size.iter().product(), seed("inputs"), 1.0);
        let inputs = Tensor::from_slice(&pixels).reshape(size.map(|size| size as i64));
        let classes = self.classes as i64;
        let labels = formula::labels(self.batch, seed("labels"), classes.cast_unsigned());
        let targets = Tensor::from_slice(&labels).one_hot(classes);
        Prepared { inputs: inputs.to_kind(kind), targets: targets.to_kind(kind) }
    }
}

/// All parameters and buffers of a state, f64.
pub fn weights(network: &Network, label: &str) -> State {
    let parameters = network.parameters().iter().map(|p| (&p.name, &p.tensor));
    let buffers = network.buffers().iter().map(|b| (&b.name, &b.tensor));
    let tensor = |(name, like): (&String, &Tensor)| {
        let shape: Vec<usize> = like.size().iter().map(|&size| size as usize).collect();
        let values = formula::tensor(label, name, &shape);
        (name.clone(), Tensor::from_slice(&values).reshape(like.size()))
    };
    parameters.chain(buffers).map(tensor).collect()
}

/// Brings a network into a state, in f32 or f64.
#[track_caller]
pub fn load(network: &mut Network, label: &str, kind: Kind) {
    network.convert_to(kind).unwrap();
    let state = weights(network, label);
    network.load(&state, Path::new("formula"), Extra::Refused).unwrap();
}

/// The masks of a state: on the weights of convolutions alone, without those that tweaks added.
pub fn masks(network: &Network, label: &str, keep: f64) -> Masks {
    let convolutions = network.parameters().iter().filter(|p| p.role == Role::Conv && p.prunable);
    Masks::from_tensors(convolutions.map(|p| {
        let seed = formula::seed(&format!("{label}/mask/{}", p.name));
        let mask = formula::mask(p.tensor.numel(), seed, keep);
        (p.name.clone(), Tensor::from_slice(&mask).reshape(p.tensor.size()))
    }))
}

/// The momenta of a state, not masked, f64.
pub fn momenta(network: &Network, label: &str) -> Vec<(String, Tensor)> {
    let momentum = |p: &jackpot::model::Parameter| {
        let seed = formula::seed(&format!("{label}/momentum/{}", p.name));
        let values = formula::values(p.tensor.numel(), seed, 0.01);
        (p.name.clone(), Tensor::from_slice(&values).reshape(p.tensor.size()))
    };
    network.parameters().iter().map(momentum).collect()
}

/// The parameters' numbers, in order.
pub fn parameters(network: &Network) -> Vec<(String, Vec<f64>)> {
    network.parameters().iter().map(|p| (p.name.clone(), numbers(&p.tensor))).collect()
}

/// The running statistics' numbers, in order.
pub fn statistics(network: &Network) -> Vec<(String, Vec<f64>)> {
    let running = network.buffers().iter().filter(|b| b.name.contains("running"));
    running.map(|b| (b.name.clone(), numbers(&b.tensor))).collect()
}
