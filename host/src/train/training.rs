//! The loop.

use std::time::{Duration as Time, Instant};

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use tch::{Kind, Tensor};

use super::batches::{self, Prepared};
use super::checkpoint::{self, Position, Saved};
use super::error::TrainError;
use super::evaluate::{Evaluation, evaluate};
use super::metrics::{Metrics, Row};
use super::optimizer::Optimizer;
use super::recipe::{InNetwork, Recipe};
use super::spec::TrainingSpec;
use super::step::{StepResult, all_finite, first_not_finite, step};
use crate::data::{EpochOrder, Split};
use crate::model::state::{Extra, State};
use crate::model::{BuildOptions, Network};
use crate::prune::Masks;

/// How often a training writes its state for the case that it is killed.
const SAVE_EVERY: Time = Time::from_secs(180);
/// How often it says how far it is.
const REPORT_EVERY: Time = Time::from_millis(250);

/// A training under way: the network with everything that acts on it.
#[derive(Debug)]
pub struct Training<'a> {
    spec: TrainingSpec<'a>,
    pub network: Network,
    pub recipe: Recipe,
    pub masks: Masks,
}

/// How far a training is.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    pub progress: Progress,
    /// Mean loss since the last report.
    pub loss: f64,
    pub validation_accuracy: Option<f64>,
    pub learning_rate: f64,
    pub images_per_second: f64,
}

/// How a training ended.
#[derive(Debug)]
pub enum Ended {
    /// Whole.
    Done(Box<Finished>),
    /// Asked to stop; the state is saved.
    Stopped,
}

/// What a whole training leaves.
#[derive(Debug)]
pub struct Finished {
    /// After the last step.
    pub model: State,
    /// After the epoch with the best validation accuracy; the last without a validation split.
    pub best: State,
    pub best_epoch: u64,
    pub validation_accuracy: Option<f64>,
    /// Of the best weights.
    pub test: Evaluation,
    pub test_last: Evaluation,
    pub metrics: Metrics,
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
        let recipe = Recipe::new(spec.registry, spec.train, &mut network, spec.start())?;
        Ok(Self { spec, network, recipe, masks: Masks::none() })
    }

    /// Before the first step.
    pub fn start(&self) -> Progress {
        self.spec.start()
    }

    /// The images of a batch as the first step would see them.
    fn first_batch(&self) -> Result<Prepared, TrainError> {
        let order = self.order(0);
        let indices = order.batch(0).unwrap_or_default();
        batches::prepare(&self.spec, &self.recipe, &self.network, indices, self.spec.start())
    }

    fn order(&self, epoch: u64) -> EpochOrder {
        let (train, spec) = (self.spec.train, &self.spec);
        EpochOrder::new(spec.feed.train.len(), train.batch_size, spec.seed, epoch)
    }

    /// The learning rate of a step.
    fn rate(&self, progress: Progress) -> Result<f64, TrainError> {
        let base = self.spec.train.optimizer.lr();
        match &self.recipe.schedule {
            Some(schedule) => Ok(schedule.learning_rate(base, progress)?),
            None => Ok(base),
        }
    }

    fn set_progress(&mut self, progress: Progress) -> Result<(), TrainError> {
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
        let end = self.spec.progress(self.spec.start().total_steps.saturating_sub(1));
        self.rate(end)?;
        self.set_progress(end)?;
        self.set_progress(self.spec.start())?;
        let rate = self.rate(self.spec.start())?;
        let batch = self.first_batch()?;
        if !all_finite(&batch.inputs) || !all_finite(&batch.targets) {
            let message = "the augmented images or targets of the first batch are not finite";
            return Err(TrainError::Setting(message.to_owned()));
        }
        let mut optimizer = Optimizer::new(&self.spec.train.optimizer, self.network.parameters())?;
        let progress = self.spec.start();
        let result = step(
            &self.spec,
            &self.recipe,
            &self.network,
            &mut optimizer,
            &self.masks,
            &batch,
            progress,
            rate,
        )?;
        self.check_loss(&result, progress, &batch)
    }

    fn check_loss(
        &self,
        result: &StepResult,
        progress: Progress,
        batch: &Prepared,
    ) -> Result<(), TrainError> {
        let loss = result.loss.double_value(&[]);
        if loss.is_finite() {
            return Ok(());
        }
        Err(TrainError::Diverged {
            loss,
            step: progress.step,
            epoch: progress.step / progress.steps_per_epoch.max(1) + 1,
            place: first_not_finite(&self.network, batch),
        })
    }

    fn evaluate(&self, split: &Split) -> Result<Evaluation, TrainError> {
        let normaliser = &self.spec.feed.normaliser;
        evaluate(&self.network, split, normaliser, self.spec.precision, &mut |_| {})
    }

    /// The weights as they are stored: without a skip that no longer acts.
    fn stored(&self) -> State {
        self.network.stored_state()
    }
}

/// The sums of an epoch under way; on the device, so that no step waits for them.
struct Sums {
    loss: Tensor,
    correct: Tensor,
    images: u64,
}

impl Sums {
    fn new(loss: f64, correct: i64, images: u64, device: tch::Device) -> Self {
        Self {
            loss: Tensor::from(loss).to_device(device),
            correct: Tensor::from(correct).to_device(device),
            images,
        }
    }

    fn add(&mut self, result: &StepResult, images: u64) -> Result<(), tch::TchError> {
        let loss = result.loss.f_to_kind(Kind::Double)?.f_mul_scalar(images as f64)?;
        self.loss = self.loss.f_add(&loss)?;
        self.correct = self.correct.f_add(&result.correct)?;
        self.images += images;
        Ok(())
    }
}

/// Trains from the network's present weights (or from a checkpoint), and evaluates after every
/// epoch.
///
/// # Errors
///
/// A loss that is not finite, a plugin that fails, a disk that is full.
pub fn train(
    training: &mut Training<'_>,
    report: &mut dyn FnMut(&Report),
    stop: &dyn Fn() -> bool,
) -> Result<Ended, TrainError> {
    Loop::start(training)?.run(report, stop)
}

struct Loop<'t, 'a> {
    training: &'t mut Training<'a>,
    optimizer: Optimizer,
    metrics: Metrics,
    sums: Sums,
    step: u64,
    best: Option<(f64, u64)>,
    best_state: Option<State>,
    saved_at: Instant,
}

impl<'t, 'a> Loop<'t, 'a> {
    fn start(training: &'t mut Training<'a>) -> Result<Self, TrainError> {
        let spec = training.spec;
        let mut optimizer = Optimizer::new(&spec.train.optimizer, training.network.parameters())?;
        let mut this_metrics = Metrics::default();
        let mut position = Position {
            step: 0,
            loss_sum: 0.0,
            correct: 0,
            images: 0,
            best: None,
            forwards: training.network.forwards(),
        };
        let mut best_state = None;
        if let Some(saved) = checkpoint::read(spec.checkpoint)? {
            training.network.load(&saved.model, spec.checkpoint, Extra::Refused)?;
            optimizer.load(training.network.parameters(), &saved.optimizer).map_err(|message| {
                TrainError::Checkpoint { path: spec.checkpoint.to_owned(), message }
            })?;
            (position, best_state, this_metrics) = (saved.position, saved.best, saved.metrics);
            tracing::info!("going on from step {}", position.step);
        }
        training.network.set_forwards(position.forwards);
        let sums = Sums::new(position.loss_sum, position.correct, position.images, spec.device);
        Ok(Self {
            training,
            optimizer,
            metrics: this_metrics,
            sums,
            step: position.step,
            best: position.best,
            best_state,
            saved_at: Instant::now(),
        })
    }

    fn run(
        mut self,
        report: &mut dyn FnMut(&Report),
        stop: &dyn Fn() -> bool,
    ) -> Result<Ended, TrainError> {
        let spec = self.training.spec;
        let steps_per_epoch = spec.steps_per_epoch();
        let mut meter = Meter::new();
        self.save_rewind_point()?;
        for epoch in self.step / steps_per_epoch..spec.train.epochs {
            let order = self.training.order(epoch);
            let first = usize::try_from(self.step % steps_per_epoch).unwrap_or(0);
            for indices in order.batches().skip(first) {
                if stop() {
                    self.save()?;
                    return Ok(Ended::Stopped);
                }
                let (result, rate) = self.one_step(indices)?;
                meter.count(&result, indices.len());
                if let Some((loss, speed)) = meter.due() {
                    report(&Report {
                        progress: spec.progress(self.step),
                        loss,
                        validation_accuracy: self.best.map(|(accuracy, _)| accuracy),
                        learning_rate: rate,
                        images_per_second: speed,
                    });
                }
                self.save_rewind_point()?;
                if self.saved_at.elapsed() >= SAVE_EVERY && self.step % steps_per_epoch != 0 {
                    self.save()?;
                }
            }
            self.end_epoch(epoch + 1)?;
        }
        self.finish()
    }

    fn one_step(&mut self, indices: &[i64]) -> Result<(StepResult, f64), TrainError> {
        let spec = self.training.spec;
        let progress = spec.progress(self.step);
        self.training.set_progress(progress)?;
        let rate = self.training.rate(progress)?;
        let Training { network, recipe, masks, .. } = &*self.training;
        let batch = batches::prepare(&spec, recipe, network, indices, progress)?;
        let result =
            step(&spec, recipe, network, &mut self.optimizer, masks, &batch, progress, rate)?;
        // Reading the loss would make a GPU wait; there the epoch's sum tells.
        if !spec.device.is_cuda() {
            self.training.check_loss(&result, progress, &batch)?;
        }
        self.sums.add(&result, indices.len() as u64)?;
        self.training.network.count_forward();
        self.step += 1;
        Ok((result, rate))
    }

    fn end_epoch(&mut self, epoch: u64) -> Result<(), TrainError> {
        let spec = self.training.spec;
        let loss = self.sums.loss.double_value(&[]) / self.sums.images.max(1) as f64;
        if !loss.is_finite() {
            let place = "; on this device it is noticed at the end of the epoch".to_owned();
            return Err(TrainError::Diverged { loss, step: self.step, epoch, place });
        }
        let last = spec.progress(self.step.saturating_sub(1));
        let mut knobs = self.training.network.knob_values();
        knobs.extend(self.training.recipe.knob_values());
        self.metrics.push(&Row {
            step: self.step,
            epoch,
            split: "train",
            loss,
            accuracy: self.sums.correct.int64_value(&[]) as f64 / self.sums.images.max(1) as f64,
            lr: Some(self.training.rate(last)?),
            knobs: knobs.into_iter().map(|(name, value)| (name, value.into())).collect(),
        });
        self.sums = Sums::new(0.0, 0, 0, spec.device);
        // Knobs stand where the training stands: after the epoch's last step.
        self.training.set_progress(spec.progress(self.step))?;
        if !spec.feed.validation.is_empty() {
            let found = self.training.evaluate(&spec.feed.validation)?;
            self.push_evaluation(epoch, "validation", found);
            if self.best.is_none_or(|(best, _)| found.accuracy > best) {
                self.best = Some((found.accuracy, epoch));
                self.best_state = Some(copied(&self.training.stored()));
            }
        }
        if self.saved_at.elapsed() >= SAVE_EVERY && epoch < spec.train.epochs {
            self.save()?;
        }
        Ok(())
    }

    fn push_evaluation(&mut self, epoch: u64, split: &str, found: Evaluation) {
        self.metrics.push(&Row {
            step: self.step,
            epoch,
            split,
            loss: found.loss,
            accuracy: found.accuracy,
            lr: None,
            knobs: serde_json::Map::new(),
        });
    }

    fn finish(mut self) -> Result<Ended, TrainError> {
        let spec = self.training.spec;
        let model = copied(&self.training.stored());
        let test_last = self.training.evaluate(&spec.feed.test)?;
        self.push_evaluation(spec.train.epochs, "test", test_last);
        let (best, best_epoch, test) = match (self.best, self.best_state.take()) {
            (Some((_, epoch)), Some(best)) if epoch != spec.train.epochs => {
                self.training.network.load(&best, spec.into, Extra::Refused)?;
                self.training.set_progress(spec.progress(epoch * spec.steps_per_epoch()))?;
                let test = self.training.evaluate(&spec.feed.test)?;
                (best, epoch, test)
            }
            _ => (copied(&model), spec.train.epochs, test_last),
        };
        let validation_accuracy = self.best.map(|(accuracy, _)| accuracy);
        let metrics = self.metrics;
        Ok(Ended::Done(Box::new(Finished {
            model,
            best,
            best_epoch,
            validation_accuracy,
            test,
            test_last,
            metrics,
        })))
    }

    /// Writes the weights if the training stands at a point to which tickets rewind.
    fn save_rewind_point(&self) -> Result<(), TrainError> {
        let spec = self.training.spec;
        let steps_per_epoch = spec.steps_per_epoch();
        for point in spec.rewind_points {
            if point.steps(steps_per_epoch) == self.step {
                let bytes = crate::model::state::to_safetensors(&self.training.stored())?;
                // Twice: a resumed training may have passed the point in an earlier process.
                let name = format!("rewind-{point}.safetensors");
                checkpoint::write(&spec.checkpoint.join(&name), &bytes)?;
                checkpoint::write(&spec.into.join(&name), &bytes)?;
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let saved = Saved {
            position: Position {
                step: self.step,
                loss_sum: self.sums.loss.double_value(&[]),
                correct: self.sums.correct.int64_value(&[]),
                images: self.sums.images,
                best: self.best,
                forwards: self.training.network.forwards(),
            },
            model: self.training.network.state(),
            optimizer: self.optimizer.state(self.training.network.parameters()),
            best: self.best_state.as_ref().map(copied),
            metrics: self.metrics.clone(),
        };
        checkpoint::save(self.training.spec.checkpoint, &saved)?;
        self.saved_at = Instant::now();
        Ok(())
    }
}

/// Own copies on the CPU, which later steps do not change.
fn copied(state: &State) -> State {
    let copy = |t: &Tensor| tch::no_grad(|| t.detach().copy().to_device(tch::Device::Cpu));
    state.iter().map(|(name, tensor)| (name.clone(), copy(tensor))).collect()
}

/// Speed and loss since the last report.
struct Meter {
    since: Instant,
    images: usize,
    losses: Vec<Tensor>,
}

impl Meter {
    fn new() -> Self {
        Self { since: Instant::now(), images: 0, losses: Vec::new() }
    }

    fn count(&mut self, result: &StepResult, images: usize) {
        self.images += images;
        self.losses.push(result.loss.shallow_clone());
    }

    /// Mean loss and images per second, if it is time.
    fn due(&mut self) -> Option<(f64, f64)> {
        let elapsed = self.since.elapsed();
        if elapsed < REPORT_EVERY || self.losses.is_empty() {
            return None;
        }
        let loss = Tensor::stack(&self.losses, 0).mean(Kind::Double).double_value(&[]);
        let speed = self.images as f64 / elapsed.as_secs_f64();
        *self = Self::new();
        Some((loss, speed))
    }
}
