//! The loop.

use std::collections::BTreeMap;
use std::time::{Duration as Span, Instant};

use tch::Tensor;

use super::cadence::Pace;
use super::captured::{At, Steps};
use super::error::TrainError;
use super::evaluate::{BATCH, Evaluation};
use super::meter::Meter;
use super::metrics::{Metrics, Row};
use super::optimizer::Optimizer;
use super::outcome::{Ended, Finished, Report};
use super::parts::{Passed, unheard};
use super::step::StepResult;
use super::sums::Sums;
use super::training::Training;
use crate::config::GiveUp;
use crate::failpoint::{Point, reach};
use crate::model::state::{Extra, State};
use crate::prune::Masks;

/// Whether somebody asks to stop, or will before so much time has passed.
pub type Stopping<'s> = &'s dyn Fn(Span) -> bool;

/// A split that is evaluated on.
#[derive(Clone, Copy)]
enum Which {
    Validation,
    Test,
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
    stop: Stopping<'_>,
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
        let found = training.evaluate(&spec.feed.validation, &|| false)?;
        metrics.push(&evaluation_row(0, 0, "validation", found, None));
        validation_accuracy = Some(found.accuracy);
    }
    let test = training.evaluate(&spec.feed.test, &|| false)?;
    metrics.push(&evaluation_row(0, 0, "test", test, None));
    let model = copied(&training.stored());
    Ok(Finished {
        best: copied(&model),
        model,
        best_masks: None,
        best_epoch: 0,
        given_up: None,
        validation_accuracy,
        test,
        test_last: test,
        metrics,
    })
}

/// A training under way.
pub(super) struct Loop<'t, 'a> {
    pub(super) training: &'t mut Training<'a>,
    pub(super) optimizer: Optimizer,
    pub(super) steps: Steps,
    pub(super) metrics: Metrics,
    pub(super) sums: Sums,
    pub(super) step: u64,
    pub(super) best: Option<(f64, u64)>,
    pub(super) best_state: Option<State>,
    /// Where masks move: those of the best epoch.
    pub(super) best_masks: Option<Masks>,
    /// SHA-256 of the weights to which tickets rewind, by their files' names.
    pub(super) rewind: BTreeMap<String, String>,
    pub(super) pace: Pace,
    pub(super) slowest: Slowest,
}

/// What took longest so far, for a training that has to end in time.
#[derive(Debug, Default)]
pub(super) struct Slowest {
    step: Span,
    evaluation: Span,
}

impl Loop<'_, '_> {
    fn run(
        mut self,
        report: &mut dyn FnMut(&Report),
        stop: Stopping<'_>,
    ) -> Result<Ended, TrainError> {
        let done = self.epochs(report, stop).and_then(|()| self.finish(stop));
        match done {
            Err(TrainError::Interrupted) => {
                self.save()?;
                Ok(Ended::Stopped)
            }
            Err(error) => Err(error.with_state(self.pace.saved_step())),
            Ok(finished) => Ok(Ended::Done(Box::new(finished))),
        }
    }

    fn epochs(
        &mut self,
        report: &mut dyn FnMut(&Report),
        stop: Stopping<'_>,
    ) -> Result<(), TrainError> {
        let spec = self.training.spec;
        let steps_per_epoch = spec.steps_per_epoch();
        let mut meter = Meter::new();
        self.save_rewind_point()?;
        if self.sums.images() > 0 && self.step.is_multiple_of(steps_per_epoch) {
            // It was stopped between the last step of an epoch and the end of its evaluation.
            self.end_epoch(self.step / steps_per_epoch, stop)?;
        }
        for epoch in self.step / steps_per_epoch..spec.train.epochs {
            if self.is_hopeless() {
                break;
            }
            let order = self.training.order(epoch);
            let first = usize::try_from(self.step % steps_per_epoch).unwrap_or(0);
            for indices in order.batches().skip(first) {
                if stop(self.time_to_save()) {
                    return Err(TrainError::Interrupted);
                }
                let began = Instant::now();
                let (result, rate) = self.one_step(indices, &mut unheard)?;
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
                self.slowest.step = self.slowest.step.max(began.elapsed());
                // At an epoch's end it is saved with what the evaluation found.
                if !self.step.is_multiple_of(steps_per_epoch) {
                    self.save_if_due()?;
                }
                reach(Point::Batch);
            }
            self.end_epoch(epoch + 1, stop)?;
        }
        Ok(())
    }

    /// How long before a deadline the next step must not begin: it may take as long as the longest
    /// so far, and so may writing the state, which a busy disk makes slower.
    fn time_to_save(&self) -> Span {
        self.slowest.step + 2 * self.pace.cost()
    }

    /// Evaluates, unless somebody asks to stop meanwhile.
    fn evaluate(&mut self, split: Which, stop: Stopping<'_>) -> Result<Evaluation, TrainError> {
        let feed = self.training.spec.feed;
        let images = match split {
            Which::Validation => &feed.validation,
            Which::Test => &feed.test,
        };
        let (began, batches) = (Instant::now(), images.len().div_ceil(BATCH) as u32);
        let margin = 2 * self.pace.cost() + self.slowest.evaluation;
        let found = self.training.evaluate(images, &|| stop(margin))?;
        self.slowest.evaluation = self.slowest.evaluation.max(began.elapsed() / batches.max(1));
        Ok(found)
    }

    /// Whether this is where a training gives up that has not come far.
    fn is_hopeless(&self) -> bool {
        let spec = self.training.spec;
        let Some(GiveUp { at, below }) = spec.train.give_up else { return false };
        let steps_per_epoch = spec.steps_per_epoch();
        // Not before what the tickets need is saved.
        let points = spec.rewind_points.iter().chain([&at]);
        let at = points.map(|point| point.steps(steps_per_epoch)).max().unwrap_or(0);
        let epoch = at.div_ceil(steps_per_epoch).max(1);
        self.step == epoch * steps_per_epoch
            && epoch < spec.train.epochs
            && self.best.is_some_and(|(best, _)| best < below)
    }

    pub(super) fn one_step(
        &mut self,
        indices: &[i64],
        passed: Passed<'_>,
    ) -> Result<(StepResult, f64), TrainError> {
        let spec = self.training.spec;
        let progress = spec.progress(self.step);
        self.training.set_progress(progress)?;
        let rate = self.training.rate(progress)?;
        let (training, optimizer) = (&mut *self.training, &mut self.optimizer);
        let at = At { indices, progress, rate };
        let result = self.steps.step(training, optimizer, at, passed)?;
        self.sums.add(&result, indices.len() as u64)?;
        self.training.network.count_forward();
        self.step += 1;
        Ok((result, rate))
    }

    fn end_epoch(&mut self, epoch: u64, stop: Stopping<'_>) -> Result<(), TrainError> {
        let spec = self.training.spec;
        self.check_sums()?;
        let last = spec.progress(self.step.saturating_sub(1));
        let rate = self.training.rate(last)?;
        // A training that was gone on with stands further, and so may one that saved its weights.
        self.training.set_progress(last)?;
        let mut knobs = self.training.network.knob_values();
        knobs.extend(self.training.recipe.knob_values());
        // Knobs stand where the training stands: after the epoch's last step.
        self.training.set_progress(spec.progress(self.step))?;
        let found = match spec.feed.validation.is_empty() {
            true => None,
            false => Some(self.evaluate(Which::Validation, stop)?),
        };
        // From here on the epoch is at its end.
        self.metrics.push(&Row {
            step: self.step,
            epoch,
            split: "train",
            loss: self.sums.mean_loss(),
            accuracy: self.sums.accuracy(),
            lr: Some(rate),
            density: self.training.density(),
            knobs: knobs.into_iter().map(|(name, value)| (name, value.into())).collect(),
        });
        self.sums = Sums::new(0.0, 0, 0, spec.device);
        if let Some(found) = found {
            self.push_evaluation(epoch, "validation", found);
            if self.is_of_another_size() || self.best.is_none_or(|(best, _)| found.accuracy > best)
            {
                self.best = Some((found.accuracy, epoch));
                self.best_state = Some(copied(&self.training.stored()));
                self.best_masks = self.training.moving_masks();
            }
        }
        self.save_if_due()
    }

    /// Whether the best network so far has another number of weights than the present one: while a
    /// training makes its network smaller, the larger ones before do not count.
    fn is_of_another_size(&self) -> bool {
        self.best_masks.as_ref().is_some_and(|best| best.kept() != self.training.masks.kept())
    }

    pub(super) fn check_sums(&self) -> Result<(), TrainError> {
        let loss = self.sums.mean_loss();
        if loss.is_finite() {
            return Ok(());
        }
        let epoch = self.step.saturating_sub(1) / self.training.spec.steps_per_epoch().max(1) + 1;
        let place = "; on this device it is noticed some steps late".to_owned();
        Err(TrainError::Diverged { loss, step: self.step, epoch, place, state: None })
    }

    fn push_evaluation(&mut self, epoch: u64, split: &str, found: Evaluation) {
        let density = self.training.density();
        self.metrics.push(&evaluation_row(self.step, epoch, split, found, density));
    }

    /// Tests the last weights and the best ones. Until that is done, the state stays as it is.
    fn finish(&mut self, stop: Stopping<'_>) -> Result<Finished, TrainError> {
        let spec = self.training.spec;
        let epochs = self.step / spec.steps_per_epoch();
        let model = copied(&self.training.stored());
        let test_last = self.evaluate(Which::Test, stop)?;
        let (best, best_epoch, best_masks, test) = match (self.best, &self.best_state) {
            (Some((_, epoch)), Some(best)) if epoch != epochs => {
                let present = self.training.network.state();
                let (present, best) = (copied(&present), copied(best));
                self.training.network.load(&best, spec.into, Extra::Refused)?;
                self.training.set_progress(spec.progress(epoch * spec.steps_per_epoch()))?;
                let masks = self.best_masks.as_ref().map(Masks::shallow_clone);
                let last = masks.map(|masks| self.training.swap_masks(masks)).transpose()?;
                let test = self.evaluate(Which::Test, stop);
                if let Some(last) = last {
                    self.training.swap_masks(last)?;
                }
                if matches!(test, Err(TrainError::Interrupted)) {
                    self.training.network.load(&present, spec.into, Extra::Refused)?;
                }
                let masks = self.best_masks.as_ref().map(Masks::shallow_clone);
                (best, epoch, masks, test?)
            }
            _ => (copied(&model), epochs, self.training.moving_masks(), test_last),
        };
        self.push_evaluation(epochs, "test", test_last);
        Ok(Finished {
            model,
            best,
            best_masks,
            best_epoch,
            given_up: (epochs < spec.train.epochs).then_some(epochs),
            validation_accuracy: self.best.map(|(accuracy, _)| accuracy),
            test,
            test_last,
            metrics: self.metrics.clone(),
        })
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

/// Own copies on the CPU, which later steps do not change.
fn copied(state: &State) -> State {
    let copy = |t: &Tensor| tch::no_grad(|| t.detach().copy().to_device(tch::Device::Cpu));
    state.iter().map(|(name, tensor)| (name.clone(), copy(tensor))).collect()
}
