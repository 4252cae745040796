//! Training steps that are written down once and then replayed: on a GPU as a CUDA graph.
//!
//! A step of a small network takes a GPU less time than the host needs to ask for its hundreds of
//! kernels. So after [`WARM`] steps of one size the whole step, from the images' places in the
//! dataset to the new weights, is captured, and later steps are one launch. What changes from step
//! to step lies in tensors that are filled before: the batch's places, random numbers, the learning
//! rate, knobs.
//!
//! The same step is done by operators, too, twice: from the same weights, once for the step that
//! was captured and once for the next. Only if both ways agree it is replayed from then on; else,
//! and where a plugin's hook does what no replay can, all steps go on by operators, and the log
//! says why.

mod compare;
mod snapshot;

use std::collections::BTreeMap;

use jackpot_plugin_api::ctx::Progress;
use tch::{Kind, Tensor};

use super::batches::{Sampled, prepare_in_parts};
use super::error::TrainError;
use super::optimizer::{Optimizer, Rate};
use super::parts::{Passed, unheard};
use super::step::{How, StepResult};
use super::training::Training;
use crate::torch::capture::{Captured, Moment, SideStream, capture, observe};
use crate::torch::settings::deterministic;
use crate::torch::upload::upload;
use snapshot::Snapshot;

/// Steps by operators before one is captured: libraries choose their algorithms and take their
/// memory in the first ones.
const WARM: u32 = 3;

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

#[derive(Debug)]
struct Graphs {
    known: BTreeMap<Key, Known>,
    is_deterministic: bool,
}

/// What a captured step holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    images: usize,
    /// Whether the skip's edges are there.
    skip_acts: bool,
}

#[derive(Debug)]
enum Known {
    /// So many steps by operators.
    Warm(u32),
    /// Captured, and right once.
    Tried(Graph),
    Proven(Graph),
}

/// A captured step.
#[derive(Debug)]
struct Graph {
    captured: Captured,
    /// The batch's places in the training split.
    places: Tensor,
    result: StepResult,
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
            true => {
                Way::Graphs(Graphs { known: BTreeMap::new(), is_deterministic: deterministic()? })
            }
            false => Way::Operators(None),
        };
        Ok(Self { way, rate, is_paused: false })
    }

    /// Whether steps are done by operators alone for a while, so that their parts can be heard of.
    pub fn pause(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
    }

    /// Whether the last steps of this size were replayed.
    pub fn replays(&self, images: usize) -> bool {
        let Way::Graphs(graphs) = &self.way else { return false };
        let is_it = |(key, known): (&Key, &Known)| {
            key.images == images && matches!(known, Known::Proven(_))
        };
        graphs.known.iter().any(is_it)
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
        let moves_masks = training.update_is_due(at.progress)?;
        let how = How { rate, moves_masks };
        let Way::Graphs(graphs) = &mut self.way else {
            return by_operators(training, optimizer, at, how, passed);
        };
        if moves_masks {
            // Other masks come, which no captured step knows.
            graphs.known.clear();
        } else if !self.is_paused {
            match graphs.step(training, optimizer, at, how)? {
                Done::Step(result) => return Ok(result),
                Done::Never(result, reason) => {
                    tracing::warn!("steps are not captured, since {reason}: they run by operators");
                    self.way = Way::Operators(Some(reason));
                    return Ok(result);
                }
                Done::Nothing => {}
            }
        }
        by_operators(training, optimizer, at, how, passed)
    }
}

/// What became of a step.
enum Done {
    Step(StepResult),
    /// It was done, and no further one is to be captured.
    Never(StepResult, String),
    /// It is still to be done.
    Nothing,
}

impl Graphs {
    fn step(
        &mut self,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        how: How<'_>,
    ) -> Result<Done, TrainError> {
        let key = Key { images: at.indices.len(), skip_acts: training.network.skip_acts() };
        match self.known.remove(&key).unwrap_or(Known::Warm(0)) {
            Known::Warm(count) if count < WARM => {
                self.known.insert(key, Known::Warm(count + 1));
                Ok(Done::Nothing)
            }
            Known::Warm(_) => {
                let (graph, done) = self.first(training, optimizer, at, how)?;
                if let Some(graph) = graph {
                    self.known.insert(key, Known::Tried(graph));
                }
                Ok(done)
            }
            Known::Tried(graph) => {
                let (graph, done) = self.second(graph, training, optimizer, at, how)?;
                if let Some(graph) = graph {
                    tracing::info!("steps of {} images are captured", key.images);
                    self.known.insert(key, Known::Proven(graph));
                }
                Ok(done)
            }
            Known::Proven(mut graph) => {
                let result = graph.replay(at)?;
                self.known.insert(key, Known::Proven(graph));
                Ok(Done::Step(result))
            }
        }
    }

    /// Does a step by operators, captures it, and holds both against each other.
    fn first(
        &self,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        how: How<'_>,
    ) -> Result<(Option<Graph>, Done), TrainError> {
        let device = training.spec.device;
        let before = Snapshot::of(training, optimizer)?;
        let places = Sampled::new(&training.spec.feed.train, at.indices)?;
        let side = SideStream::enter(device)?;
        let (result, feeds) =
            observe(device, || of_places(training, optimizer, &places, at, how, &mut unheard));
        let result = result?;
        let feeds = match feeds {
            Ok(feeds) => feeds,
            Err(reason) => return Ok((None, Done::Never(result, reason))),
        };
        let after = Snapshot::of(training, optimizer)?;
        before.restore(training, optimizer)?;
        let captured = capture(device, feeds, || {
            of_places(training, optimizer, &places, at, how, &mut unheard)
        });
        drop(side);
        let (captured, own) = match captured {
            Ok(captured) => captured,
            Err(error) => {
                after.restore(training, optimizer)?;
                return Ok((None, Done::Never(result, error.to_string())));
            }
        };
        before.restore(training, optimizer)?;
        let graph = Graph { captured, places: places.tensor, result: own };
        self.checked(graph, training, optimizer, at, (before, after, result))
    }

    /// Does the step after by operators, and replays it.
    fn second(
        &self,
        graph: Graph,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        how: How<'_>,
    ) -> Result<(Option<Graph>, Done), TrainError> {
        let before = Snapshot::of(training, optimizer)?;
        let (result, _) = observe(training.spec.device, || {
            by_operators(training, optimizer, at, how, &mut unheard)
        });
        let after = Snapshot::of(training, optimizer)?;
        before.restore(training, optimizer)?;
        self.checked(graph, training, optimizer, at, (before, after, result?))
    }

    /// Replays a step from `before`, and looks whether `after` comes out.
    fn checked(
        &self,
        mut graph: Graph,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        (before, after, result): (Snapshot, Snapshot, StepResult),
    ) -> Result<(Option<Graph>, Done), TrainError> {
        let exact = self.is_deterministic;
        let found = match graph.replay(at) {
            Ok(replayed) => {
                let own = Snapshot::of(training, optimizer)?;
                compare::losses(&result, &replayed, exact)
                    .and_then(|()| compare::states(&before, &after, &own, exact))
            }
            Err(error) => Err(error.to_string()),
        };
        after.restore(training, optimizer)?;
        Ok(match found {
            Ok(()) => (Some(graph), Done::Step(result)),
            Err(reason) => (None, Done::Never(result, reason)),
        })
    }
}

impl Graph {
    fn replay(&mut self, at: At<'_>) -> Result<StepResult, TrainError> {
        let places = upload(&Tensor::f_from_slice(at.indices)?, self.places.device())?;
        tch::no_grad(|| self.places.f_copy_(&places))?;
        self.captured.replay(&at.moment())?;
        // The next replay writes to the same places.
        let StepResult { loss, correct } = &self.result;
        Ok(StepResult { loss: loss.f_detach()?.copy(), correct: correct.f_detach()?.copy() })
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
