//! Training steps that are written down once and then replayed: on a GPU as a CUDA graph.
//!
//! A step of a small network takes a GPU less time than the host needs to ask for its hundreds of
//! kernels. So after a few steps of one size the whole step, from the images' places in the
//! dataset to the new weights, is captured, and later steps are one launch. What changes from step
//! to step lies in tensors that are filled before: the batch's places, random numbers, the learning
//! rate, knobs.
//!
//! The same step is done by operators, too, twice: from the same weights, once for the step that
//! was captured and once for the next. Only if both ways agree it is replayed from then on; else,
//! and where a plugin's hook does what no replay can, all steps go on by operators, and the log
//! says why.

mod compare;
mod graphs;
mod snapshot;

use jackpot_plugin_api::ctx::Progress;
use tch::{Kind, Tensor};

use super::batches::{Sampled, prepare_in_parts};
use super::error::TrainError;
use super::optimizer::{Optimizer, Rate};
use super::parts::Passed;
use super::step::{How, StepResult};
use super::training::Training;
use crate::torch::capture::Moment;
use graphs::{Done, Graphs};

/// How a training's steps are done.
#[derive(Debug)]
pub struct Steps {
    way: Way,
    /// f32, 0-dimensional: on a GPU the rate of every step, whichever way it is done, since rounding
    /// it to f32 changes bits.
    rate: Option<Tensor>,
    /// Whether replays are not wanted at present.
    is_paused: bool,
}

#[derive(Debug)]
enum Way {
    /// And why, if graphs were asked for.
    Operators(Option<String>),
    Graphs(Graphs),
}

/// Which step is to be done.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The images' places in the training split.
    pub indices: &'a [i64],
    pub progress: Progress,
    pub rate: f64,
}

impl At<'_> {
    fn moment(&self) -> Moment<'_> {
        let Progress { step, steps_per_epoch, .. } = self.progress;
        Moment { step, epoch: step / steps_per_epoch.max(1), samples: self.indices }
    }
}

impl Steps {
    /// By graphs, if the training is to.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn new(training: &Training<'_>) -> Result<Self, TrainError> {
        let spec = &training.spec;
        let rate = || Tensor::f_zeros([], (Kind::Float, spec.device));
        let rate = (spec.captures || spec.device.is_cuda()).then(rate).transpose()?;
        let way = match spec.captures {
            true => Way::Graphs(Graphs::new()?),
            false => Way::Operators(None),
        };
        Ok(Self { way, rate, is_paused: false })
    }

    /// Whether steps are done by operators alone for a while, so that their parts can be heard of.
    pub fn pause(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    /// From here on every replay is held against operators, which brings no speed.
    pub fn doubt(&mut self) {
        if let Way::Graphs(graphs) = &mut self.way {
            graphs.doubt();
        }
    }

    /// Whether steps of this size are replayed by now.
    pub fn replays(&self, images: usize) -> bool {
        matches!(&self.way, Way::Graphs(graphs) if graphs.replays(images))
    }

    /// Why steps are not captured though they were to be.
    pub fn reason(&self) -> Option<&str> {
        match &self.way {
            Way::Operators(reason) => reason.as_deref(),
            Way::Graphs(_) => None,
        }
    }

    /// Does a step; `passed` hears of its parts where it is done by operators.
    ///
    /// # Errors
    ///
    /// As [`Training::step`].
    pub fn step(
        &mut self,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        passed: Passed<'_>,
    ) -> Result<StepResult, TrainError> {
        let rate = match &mut self.rate {
            Some(rate) => {
                let _ = tch::no_grad(|| rate.f_fill_(at.rate))?;
                Rate::Tensor(rate)
            }
            None => Rate::Number(at.rate),
        };
        let how = How { rate, moves_masks: training.update_is_due(at.progress)? };
        let Way::Graphs(graphs) = &mut self.way else {
            return by_operators(training, optimizer, at, how, passed);
        };
        let done = match how.moves_masks {
            // No captured step knows the masks that come.
            true => graphs.end(),
            false if self.is_paused => Done::Nothing,
            false => graphs.step(training, optimizer, at, how)?,
        };
        let (result, refused) = match done {
            Done::Step(result) => (Some(result), None),
            Done::Never(result, reason) => (Some(result), Some(reason)),
            Done::Refused(reason) => (None, Some(reason)),
            Done::Nothing => (None, None),
        };
        if let Some(reason) = refused {
            tracing::warn!("steps are not captured, since {reason}: they run by operators");
            self.way = Way::Operators(Some(reason));
        }
        match result {
            Some(result) => Ok(result),
            None => by_operators(training, optimizer, at, how, passed),
        }
    }
}

fn by_operators(
    training: &mut Training<'_>,
    optimizer: &mut Optimizer,
    at: At<'_>,
    how: How<'_>,
    passed: Passed<'_>,
) -> Result<StepResult, TrainError> {
    let places = Sampled::new(&training.spec.feed.train, at.indices)?;
    of_places(training, optimizer, &places, at, how, passed)
}

/// The step that is captured.
fn of_places(
    training: &mut Training<'_>,
    optimizer: &mut Optimizer,
    places: &Sampled<'_>,
    at: At<'_>,
    how: How<'_>,
    passed: Passed<'_>,
) -> Result<StepResult, TrainError> {
    let Training { spec, network, recipe, .. } = &*training;
    let batch = prepare_in_parts(spec, recipe, network, places, at.progress, passed)?;
    training.step_in_parts(optimizer, &batch, at.progress, how, passed)
}
