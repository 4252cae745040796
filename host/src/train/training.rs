//! A training that can be done: network, recipe and masks together.

use std::ops::ControlFlow;

use super::access::Access;
use super::batches::{self, Prepared};
use super::error::TrainError;
use super::evaluate::{Evaluation, evaluate};
use super::optimizer::Optimizer;
use super::places::Places;
use super::recipe::{InNetwork, Recipe};
use super::spec::TrainingSpec;
use super::step::{all_finite, first_not_finite};
use crate::config::{Precision, Sparse};
use crate::data::{EpochOrder, Split};
use crate::failpoint::{Point, reach};
use crate::model::state::State;
use crate::model::{BuildOptions, Network};
use crate::plugin::kinds::Common;
use crate::prune::Masks;
use crate::torch::settings::without_tf32;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use tch::Tensor;

/// A training under way: the network with everything that acts on it.
#[derive(Debug)]
pub struct Training<'a> {
    pub(super) spec: TrainingSpec<'a>,
    pub network: Network,
    pub recipe: Recipe,
    pub masks: Masks,
    /// How its layers were chosen that run on sparse kernels.
    pub(super) sparse: Sparse,
    /// Of these layers.
    pub(super) places: Places,
    /// The trained network whose outputs the loss sees.
    pub teacher: Option<Network>,
}

impl<'a> Training<'a> {
    /// Builds the network and the recipe's items; the weights are the graph's initialisation.
    ///
    /// # Errors
    ///
    /// A graph, plugin or parameter that does not fit.
    pub fn build(spec: TrainingSpec<'a>) -> Result<Self, TrainError> {
        let InNetwork { activation, skip } = InNetwork::new(spec.registry, spec.train)?;
        let graph: &Graph = spec.graph;
        let options = BuildOptions {
            activation,
            skip,
            registry: Some(spec.registry),
            seed: spec.seed,
            device: spec.device,
            start: spec.start(),
        };
        let mut network = Network::build(graph, options)?;
        network.set_autocast(spec.precision == Precision::Bf16);
        let recipe = Recipe::new(spec.registry, spec.train, &mut network, spec.start())?;
        let (masks, sparse) = (Masks::none(), Sparse::Never);
        let places = Places::default();
        Ok(Self { spec, network, recipe, masks, sparse, places, teacher: None })
    }

    /// Before the first step.
    pub fn start(&self) -> Progress {
        self.spec.start()
    }

    /// What it was built from.
    pub fn spec(&self) -> &TrainingSpec<'a> {
        &self.spec
    }

    /// The batch of a step as the network sees it: augmented and normalised.
    ///
    /// # Errors
    ///
    /// What an augmentation says.
    pub fn batch(&self, step: u64) -> Result<Prepared, TrainError> {
        let steps_per_epoch = self.spec.steps_per_epoch().max(1);
        let order = self.order(step / steps_per_epoch);
        let indices = order.batch((step % steps_per_epoch) as usize).unwrap_or_default();
        let progress = self.spec.progress(step);
        batches::prepare(&self.spec, &self.recipe, &self.network, indices, progress)
    }

    /// Runs the recipe's init, if it has one, on the masked network of a draw that prunes these
    /// parameters.
    ///
    /// # Errors
    ///
    /// What the plugin says.
    pub fn initialise(&self, names: &[String]) -> Result<(), TrainError> {
        let Some(init) = &self.recipe.init else { return Ok(()) };
        reach(Point::Init);
        let spec = &self.spec;
        let access = Access::new(&self.network, &self.masks, spec.feed, names, spec.seed);
        let purpose = format!("init/{}", init.name());
        let weights = if init.keeps_ticket()? { "works on" } else { "replaces" };
        tracing::info!("init {} {weights} the ticket's weights", init.name());
        let context = access.context(init.name(), &purpose, spec.start(), spec.seed, spec.device);
        without_tf32(|| init.initialize(&context).map_err(TrainError::from))?;
        Ok(self.masks.apply(&self.network)?)
    }

    pub(super) fn order(&self, epoch: u64) -> EpochOrder {
        let (train, spec) = (self.spec.train, &self.spec);
        EpochOrder::new(spec.feed.train.len(), train.batch_size, spec.seed, epoch)
    }

    /// The learning rate of a step.
    ///
    /// # Errors
    ///
    /// What the schedule says.
    pub fn rate(&self, progress: Progress) -> Result<f64, TrainError> {
        let base = self.spec.train.optimizer.lr();
        match &self.recipe.schedule {
            Some(schedule) => Ok(schedule.learning_rate(base, progress)?),
            None => Ok(base),
        }
    }

    /// Moves all knobs to that point of the training.
    ///
    /// # Errors
    ///
    /// What a knob's hook says.
    pub fn set_progress(&mut self, progress: Progress) -> Result<(), TrainError> {
        self.network.set_progress(progress)?;
        self.recipe.set_progress(progress)
    }

    /// One step on the first batch, to find what is wrong before hours of training: wrong shapes
    /// and dtypes, values that are not finite, a schedule or knob that fails at its end.
    ///
    /// # Errors
    ///
    /// What is wrong, and in which plugin.
    pub fn rehearse(&mut self) -> Result<(), TrainError> {
        let total = self.spec.start().total_steps;
        self.rate(self.spec.progress(total.saturating_sub(1)))?;
        // Behind the last step, where the network is evaluated and stored, knobs are asked, too.
        for step in [total.saturating_sub(1), total] {
            self.set_progress(self.spec.progress(step))?;
        }
        self.set_progress(self.spec.start())?;
        let rate = self.rate(self.spec.start())?;
        let batch = self.batch(0)?;
        if !all_finite(&batch.inputs) || !all_finite(&batch.targets) {
            let message = "the augmented images or targets of the first batch are not finite";
            return Err(TrainError::Setting(message.to_owned()));
        }
        let mut optimizer = Optimizer::new(&self.spec.train.optimizer, self.network.parameters())?;
        let progress = self.spec.start();
        let result = self.step(&mut optimizer, &batch, progress, rate)?;
        self.check_loss(&result.loss, progress, &batch)
    }

    pub(super) fn check_loss(
        &self,
        loss: &Tensor,
        progress: Progress,
        batch: &Prepared,
    ) -> Result<(), TrainError> {
        let loss = loss.double_value(&[]);
        if loss.is_finite() {
            return Ok(());
        }
        Err(TrainError::Diverged {
            loss,
            step: progress.step,
            epoch: progress.step / progress.steps_per_epoch.max(1) + 1,
            place: first_not_finite(&self.network, batch),
            state: None,
        })
    }

    /// The masks, if the recipe moves them.
    pub(super) fn moving_masks(&self) -> Option<Masks> {
        self.recipe.update.is_some().then(|| self.masks.shallow_clone())
    }

    /// The share of prunable weights that is kept, if the recipe moves masks.
    pub(super) fn density(&self) -> Option<f64> {
        let masks = self.moving_masks()?;
        Some(masks.kept() as f64 / masks.total() as f64)
    }

    pub(super) fn evaluate(
        &self,
        split: &Split,
        stop: &dyn Fn() -> bool,
    ) -> Result<Evaluation, TrainError> {
        let normaliser = &self.spec.feed.normaliser;
        let mut observe = |_: &Tensor| match stop() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        evaluate(&self.network, split, normaliser, self.spec.precision, &mut observe)
    }

    /// The weights as they are stored: without a skip that no longer acts.
    pub(super) fn stored(&self) -> State {
        self.network.stored_state()
    }
}
