//! A training in a state of `tests/golden/README.md`, step by step.

use jackpot::config::Optimizer as Choice;
use jackpot::model::state::State;
use jackpot::prune::masks::keep;
use jackpot::train::Training;
use jackpot::train::batches::Prepared;
use jackpot::train::optimizer::Optimizer;
use jackpot_plugin_api::ctx::Progress;
use tch::Kind;

use crate::compare::Named;
use crate::data::{Case, numbers};
use crate::setup::Parts;
use crate::state::{self, Shape};

/// A state's training, with its optimizer.
pub struct Run<'a> {
    pub training: Training<'a>,
    pub optimizer: Optimizer,
}

impl<'a> Run<'a> {
    /// Weights and buffers of the state `label`, its masks, momenta of zero.
    pub fn new(parts: &'a Parts, label: &str, kind: Kind, golden: &Case) -> Self {
        let mut training = parts.training();
        state::load(&mut training.network, label, kind);
        training.masks = state::masks(&training.network, label, golden.number("keep"));
        training.masks.apply(&training.network).unwrap();
        let optimizer =
            Optimizer::new(&parts.train.optimizer, training.network.parameters()).unwrap();
        Self { training, optimizer }
    }

    /// Momentum by formula, under the mask.
    pub fn set_momenta(&mut self, label: &str) {
        let (network, masks) = (&self.training.network, &self.training.masks);
        let masked = state::momenta(network, label).into_iter().map(|(name, momentum)| {
            let momentum = masks
                .get(&name)
                .map_or(momentum.shallow_clone(), |mask| keep(mask, &momentum).unwrap());
            (format!("first.{name}"), momentum)
        });
        self.optimizer.load(network.parameters(), &masked.collect::<State>()).unwrap();
    }

    /// One step on that batch; gives the loss before it.
    pub fn step(&mut self, batch: &Prepared, progress: Progress, rate: f64) -> f64 {
        self.training.network.set_progress(progress).unwrap();
        let result = self.training.step(&mut self.optimizer, batch, progress, rate).unwrap();
        self.pruned_weights_are_plus_zero();
        result.loss.double_value(&[])
    }

    /// By name, in the parameters' order.
    pub fn momenta(&self) -> Named {
        let parameters = self.training.network.parameters();
        let state = self.optimizer.state(parameters);
        let momentum = |name: &String| numbers(&state[&format!("first.{name}")]);
        parameters.iter().map(|p| (p.name.clone(), momentum(&p.name))).collect()
    }

    /// To the bit, weights and momenta.
    fn pruned_weights_are_plus_zero(&self) {
        let all = [state::parameters(&self.training.network), self.momenta()];
        for (name, values) in all.iter().flatten() {
            let Some(mask) = self.training.masks.get(name) else { continue };
            let mask: Vec<bool> = mask.view(-1).try_into().unwrap();
            let pruned = values.iter().zip(mask).filter(|(_, kept)| !kept);
            assert!(pruned.into_iter().all(|(x, _)| x.to_bits() == 0), "{name}");
        }
    }
}

/// The host's parts, with the case's optimizer.
pub fn parts(shape: &Shape, golden: &Case) -> Parts {
    let mut parts = shape.parts();
    let number = |key| golden.number(key);
    parts.train.optimizer = Choice::sgd(number("lr"), number("momentum"), number("weight_decay"));
    parts
}
