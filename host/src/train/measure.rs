//! Steps of a training, to be timed: the very steps of [`fit`](super::fit), without evaluations and
//! states on disk.

use std::time::{Duration as Span, Instant};

use tch::{Device, Tensor};

use super::error::TrainError;
use super::fit::Loop;
use super::meter::Meter;
use super::parts::{Part, unheard};
use super::step::forward;
use super::training::Training;
use crate::data::{EpochOrder, Split};
use crate::torch::cuda;
use jackpot_plugin_api::model::Mode;

/// A training of which only steps are done.
pub struct Steps<'t, 'a> {
    inner: Loop<'t, 'a>,
    meter: Meter,
    /// Of the epoch under way, and which that is.
    order: Option<(u64, EpochOrder)>,
}

/// What some steps took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Took {
    pub images: usize,
    pub span: Span,
    /// By [`Part::ALL`]; zeros unless they were asked for.
    pub parts: [Span; Part::ALL.len()],
}

impl<'t, 'a> Steps<'t, 'a> {
    /// Before the first step.
    ///
    /// # Errors
    ///
    /// No images to train on; what the optimizer says.
    pub fn new(training: &'t mut Training<'a>) -> Result<Self, TrainError> {
        if training.spec.feed.train.is_empty() {
            return Err(TrainError::Setting("there are no images to train on".to_owned()));
        }
        Ok(Self { inner: Loop::start(training)?, meter: Meter::new(), order: None })
    }

    /// Does some steps, and waits for them to be done.
    ///
    /// # Errors
    ///
    /// As a training's.
    pub fn round(&mut self, steps: u64) -> Result<Took, TrainError> {
        let mut took = Took::default();
        let began = Instant::now();
        for _ in 0..steps {
            took.images += self.step(&mut unheard)?;
        }
        self.wait()?;
        took.span = began.elapsed();
        Ok(took)
    }

    /// Whether steps of the config's size are [captured](super::captured), and replayed by now.
    pub fn are_replayed(&self) -> bool {
        self.inner.steps.replays(self.inner.training.spec.train.batch_size)
    }

    /// Does some steps by operators and times their parts. On a GPU it is waited for after each of them, so that
    /// the whole takes longer than [`Steps::round`].
    ///
    /// # Errors
    ///
    /// As a training's.
    pub fn round_in_parts(&mut self, steps: u64) -> Result<Took, TrainError> {
        let device = self.inner.training.spec.device;
        let mut took = Took::default();
        self.inner.steps.pause(true);
        let began = Instant::now();
        for _ in 0..steps {
            let mut since = Instant::now();
            let parts = &mut took.parts;
            took.images += self.step(&mut |part| {
                // An error shows again where it is waited for at the end.
                let _ = wait_for(device);
                let now = Instant::now();
                parts[part as usize] += now - since;
                since = now;
            })?;
        }
        self.wait()?;
        self.inner.steps.pause(false);
        took.span = began.elapsed();
        Ok(took)
    }

    fn step(&mut self, passed: super::parts::Passed<'_>) -> Result<usize, TrainError> {
        let steps_per_epoch = self.inner.training.spec.steps_per_epoch();
        let epoch = self.inner.step / steps_per_epoch;
        let order = match self.order.take() {
            Some((known, order)) if known == epoch => order,
            _ => self.inner.training.order(epoch),
        };
        let place = usize::try_from(self.inner.step % steps_per_epoch).unwrap_or_default();
        let indices = order.batch(place).unwrap_or_default();
        let (result, _) = self.inner.one_step(indices, passed)?;
        let count = indices.len();
        self.meter.count(&result, count);
        let _ = self.meter.due();
        passed(Part::Metrics);
        self.order = Some((epoch, order));
        Ok(count)
    }

    /// Until all that was asked of the device is done.
    fn wait(&self) -> Result<(), TrainError> {
        wait_for(self.inner.training.spec.device)?;
        self.inner.check_sums()
    }
}

/// Times forward passes in evaluation mode over batches of so many images.
///
/// # Errors
///
/// What an operator or plugin says; a split of fewer images.
pub fn inference(
    training: &Training<'_>,
    split: &Split,
    batch: usize,
    passes: u64,
) -> Result<Took, TrainError> {
    let spec = training.spec;
    let count = i64::try_from(batch).unwrap_or(i64::MAX);
    let available = split.len();
    if batch > available {
        return Err(TrainError::Setting(format!(
            "a batch of {batch} images to evaluate, and the split has {available}"
        )));
    }
    let indices: Vec<i64> = (0..count).collect();
    let images = spec.feed.normaliser.apply(&split.fetch(&indices)?.images)?;
    let pass = || -> Result<Tensor, TrainError> {
        let mut outputs =
            tch::no_grad(|| forward(&training.network, spec.precision, &images, Mode::Eval))?;
        Ok(outputs.swap_remove(0).1)
    };
    let began = Instant::now();
    for _ in 0..passes {
        drop(pass()?);
    }
    wait_for(spec.device)?;
    let images = batch * usize::try_from(passes).unwrap_or(usize::MAX);
    Ok(Took { images, span: began.elapsed(), ..Took::default() })
}

fn wait_for(device: Device) -> Result<(), TrainError> {
    match device {
        Device::Cuda(index) => Ok(cuda::synchronize(index)?),
        _ => Ok(()),
    }
}
