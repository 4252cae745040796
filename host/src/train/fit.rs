//! The loop.

use std::time::{Duration, Instant};

use tch::Tensor;

use super::batches;
use super::checkpoint::{self, Position, Saved};
use super::error::TrainError;
use super::evaluate::Evaluation;
use super::meter::Meter;
use super::metrics::{Metrics, Row};
use super::optimizer::Optimizer;
use super::outcome::{Ended, Finished, Report};
use super::spec::TrainingSpec;
use super::step::StepResult;
use super::sums::Sums;
use super::training::Training;
use crate::model::state::{Extra, State};
use crate::prune::Masks;

/// How often a training writes its state for the case that it is killed.
const SAVE_EVERY: Duration = Duration::from_secs(180);

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

/// What a job leaves that does not train: the weights it begins with.
///
/// # Errors
///
/// What an operator or plugin says.
pub fn untrained(training: &Training<'_>) -> Result<Finished, TrainError> {
    let spec = training.spec;
    let mut metrics = Metrics::default();
    let mut validation_accuracy = None;
    if !spec.feed.validation.is_empty() {
        let found = training.evaluate(&spec.feed.validation)?;
        metrics.push(&evaluation_row(0, 0, "validation", found, None));
        validation_accuracy = Some(found.accuracy);
    }
    let test = training.evaluate(&spec.feed.test)?;
    metrics.push(&evaluation_row(0, 0, "test", test, None));
    let model = copied(&training.stored());
    Ok(Finished {
        best: copied(&model),
        model,
        best_masks: None,
        best_epoch: 0,
        validation_accuracy,
        test,
        test_last: test,
        metrics,
    })
}

struct Loop<'t, 'a> {
    training: &'t mut Training<'a>,
    optimizer: Optimizer,
    metrics: Metrics,
    sums: Sums,
    step: u64,
    best: Option<(f64, u64)>,
    best_state: Option<State>,
    /// Where masks move: those of the best epoch.
    best_masks: Option<Masks>,
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
        let (mut best_state, mut best_masks) = (None, None);
        if let Some(saved) = checkpoint::read(spec.checkpoint)? {
            training.network.load(&saved.model, spec.checkpoint, Extra::Refused)?;
            optimizer.load(training.network.parameters(), &saved.optimizer).map_err(|message| {
                TrainError::Checkpoint { path: spec.checkpoint.to_owned(), message }
            })?;
            if training.recipe.update.is_some() {
                let masks = |state: Option<State>, name: &str| {
                    let missing = || TrainError::Checkpoint {
                        path: spec.checkpoint.to_owned(),
                        message: format!("it lacks {name}"),
                    };
                    let state = state.ok_or_else(missing)?;
                    Ok::<_, TrainError>(Masks::from_state(
                        state,
                        spec.checkpoint,
                        &training.network,
                    )?)
                };
                if saved.best.is_some() {
                    best_masks = Some(masks(saved.best_masks, checkpoint::BEST_MASK)?);
                }
                training.masks = masks(saved.masks, checkpoint::MASK)?;
            }
            (position, best_state, this_metrics) = (saved.position, saved.best, saved.metrics);
            restore_rewind_points(&spec, position.step)?;
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
            best_masks,
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
                if self.saved_at.elapsed() >= SAVE_EVERY
                    && !self.step.is_multiple_of(steps_per_epoch)
                {
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
        let Training { network, recipe, .. } = &*self.training;
        let batch = batches::prepare(&spec, recipe, network, indices, progress)?;
        let result = self.training.step(&mut self.optimizer, &batch, progress, rate)?;
        self.sums.add(&result, indices.len() as u64)?;
        self.training.network.count_forward();
        self.step += 1;
        Ok((result, rate))
    }

    fn end_epoch(&mut self, epoch: u64) -> Result<(), TrainError> {
        let spec = self.training.spec;
        self.check_sums()?;
        let loss = self.sums.mean_loss();
        let last = spec.progress(self.step.saturating_sub(1));
        let mut knobs = self.training.network.knob_values();
        knobs.extend(self.training.recipe.knob_values());
        self.metrics.push(&Row {
            step: self.step,
            epoch,
            split: "train",
            loss,
            accuracy: self.sums.accuracy(),
            lr: Some(self.training.rate(last)?),
            density: self.training.density(),
            knobs: knobs.into_iter().map(|(name, value)| (name, value.into())).collect(),
        });
        self.sums = Sums::new(0.0, 0, 0, spec.device);
        // Knobs stand where the training stands: after the epoch's last step.
        self.training.set_progress(spec.progress(self.step))?;
        if !spec.feed.validation.is_empty() {
            let found = self.training.evaluate(&spec.feed.validation)?;
            self.push_evaluation(epoch, "validation", found);
            if self.is_of_another_size() || self.best.is_none_or(|(best, _)| found.accuracy > best)
            {
                self.best = Some((found.accuracy, epoch));
                self.best_state = Some(copied(&self.training.stored()));
                self.best_masks = self.training.moving_masks();
            }
        }
        if self.saved_at.elapsed() >= SAVE_EVERY && epoch < spec.train.epochs {
            self.save()?;
        }
        Ok(())
    }

    /// Whether the best network so far has another number of weights than the present one: while a
    /// training makes its network smaller, the larger ones before do not count.
    fn is_of_another_size(&self) -> bool {
        self.best_masks.as_ref().is_some_and(|best| best.kept() != self.training.masks.kept())
    }

    fn check_sums(&self) -> Result<(), TrainError> {
        let loss = self.sums.mean_loss();
        if loss.is_finite() {
            return Ok(());
        }
        let epoch = self.step.saturating_sub(1) / self.training.spec.steps_per_epoch().max(1) + 1;
        let place = "; on this device it is noticed some steps late".to_owned();
        Err(TrainError::Diverged { loss, step: self.step, epoch, place })
    }

    fn push_evaluation(&mut self, epoch: u64, split: &str, found: Evaluation) {
        let density = self.training.density();
        self.metrics.push(&evaluation_row(self.step, epoch, split, found, density));
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
            _ => {
                self.best_masks = self.training.moving_masks();
                (copied(&model), spec.train.epochs, test_last)
            }
        };
        let validation_accuracy = self.best.map(|(accuracy, _)| accuracy);
        let metrics = self.metrics;
        Ok(Ended::Done(Box::new(Finished {
            model,
            best,
            best_masks: self.best_masks,
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
                let name = rewind_name(*point);
                checkpoint::write(&spec.checkpoint.join(&name), &bytes)?;
                checkpoint::write(&spec.into.join(&name), &bytes)?;
            }
        }
        Ok(())
    }

    /// Writes the state, unless it is worthless: a device that is only asked now may have diverged
    /// some steps ago.
    fn save(&mut self) -> Result<(), TrainError> {
        self.check_sums()?;
        let saved = Saved {
            position: Position {
                step: self.step,
                loss_sum: self.sums.loss(),
                correct: self.sums.correct(),
                images: self.sums.images(),
                best: self.best,
                forwards: self.training.network.forwards(),
            },
            model: self.training.network.state(),
            optimizer: self.optimizer.state(self.training.network.parameters()),
            best: self.best_state.as_ref().map(copied),
            masks: self.training.moving_masks().map(|masks| masks.state()),
            best_masks: self.best_masks.as_ref().map(Masks::state),
            metrics: self.metrics.clone(),
        };
        checkpoint::save(self.training.spec.checkpoint, &saved)?;
        self.saved_at = Instant::now();
        Ok(())
    }
}

fn evaluation_row(
    step: u64,
    epoch: u64,
    split: &str,
    found: Evaluation,
    density: Option<f64>,
) -> Row<'_> {
    Row {
        step,
        epoch,
        split,
        loss: found.loss,
        accuracy: found.accuracy,
        lr: None,
        density,
        knobs: serde_json::Map::new(),
    }
}

/// The file of the weights at a point to which tickets rewind.
fn rewind_name(point: jackpot_plugin_api::Duration) -> String {
    format!("rewind-{point}.safetensors")
}

/// Takes over the files of the points that an earlier process passed.
fn restore_rewind_points(spec: &TrainingSpec<'_>, step: u64) -> Result<(), TrainError> {
    for point in spec.rewind_points {
        if point.steps(spec.steps_per_epoch()) > step {
            continue;
        }
        let name = rewind_name(*point);
        let bytes = std::fs::read(spec.checkpoint.join(&name)).map_err(|error| {
            let message = format!("{name} cannot be read: {error}");
            TrainError::Checkpoint { path: spec.checkpoint.to_owned(), message }
        })?;
        checkpoint::write(&spec.into.join(&name), &bytes)?;
    }
    Ok(())
}

/// Own copies on the CPU, which later steps do not change.
fn copied(state: &State) -> State {
    let copy = |t: &Tensor| tch::no_grad(|| t.detach().copy().to_device(tch::Device::Cpu));
    state.iter().map(|(name, tensor)| (name.clone(), copy(tensor))).collect()
}
