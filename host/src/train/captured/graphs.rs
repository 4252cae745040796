//! The captured steps of a training.

use std::collections::BTreeMap;
use std::fmt::Display;

use tch::Tensor;

use super::compare::{self, Found};
use super::snapshot::Snapshot;
use super::{At, by_operators, of_places};
use crate::torch::capture::{Captured, SideStream, capture, observe};
use crate::torch::memory_format::copied_as;
use crate::torch::settings::deterministic;
use crate::torch::upload::upload;
use crate::train::batches::Sampled;
use crate::train::error::TrainError;
use crate::train::optimizer::Optimizer;
use crate::train::parts::unheard;
use crate::train::step::{How, StepResult};
use crate::train::training::Training;

/// Steps by operators before one is captured: libraries choose their algorithms and take their
/// memory in the first ones.
const WARM: u32 = 3;
/// Steps that may change too little for a comparison before it is given up.
const PATIENCE: u32 = 20;
/// Replays that a graph is worth.
const WORTH: u32 = 20;
/// Times in a row that graphs may end before that.
const SHORT_LIVES: u32 = 2;

#[derive(Debug)]
pub(super) struct Graphs {
    known: BTreeMap<Key, Known>,
    is_deterministic: bool,
    is_doubted: bool,
    /// Whether the libraries have chosen their algorithms.
    is_warm: bool,
    /// Since the masks moved.
    replays: u32,
    short_lives: u32,
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
    /// Captured, and right once; so many comparisons since told nothing.
    Tried(Graph, u32),
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

/// What became of a step.
pub(super) enum Done {
    Step(StepResult),
    /// It was done, and no further one is to be captured.
    Never(StepResult, String),
    /// It is still to be done, and none is to be captured.
    Refused(String),
    /// It is still to be done.
    Nothing,
}

/// A graph, if it was right, with what its step became.
type Outcome = Result<(Option<(Graph, Found)>, Done), TrainError>;

impl Graphs {
    pub fn new() -> Result<Self, TrainError> {
        Ok(Self {
            known: BTreeMap::new(),
            is_deterministic: deterministic()?,
            is_doubted: false,
            is_warm: false,
            replays: 0,
            short_lives: 0,
        })
    }

    pub fn replays(&self, images: usize) -> bool {
        let mut all = self.known.iter();
        all.any(|(key, known)| key.images == images && matches!(known, Known::Proven(_)))
    }

    pub fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// Forgets all of them.
    pub fn end(&mut self) -> Done {
        let had_some = self.known.values().any(|known| !matches!(known, Known::Warm(_)));
        if had_some {
            let is_short = self.replays < WORTH;
            self.short_lives = if is_short { self.short_lives + 1 } else { 0 };
            self.is_warm = true;
        }
        self.known.clear();
        self.replays = 0;
        match self.short_lives >= SHORT_LIVES {
            true => Done::Refused(format!("masks move after fewer than {WORTH} replays")),
            false => Done::Nothing,
        }
    }

    pub fn step(
        &mut self,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        how: How<'_>,
    ) -> Result<Done, TrainError> {
        let key = Key { images: at.indices.len(), skip_acts: training.network.skip_acts() };
        let known = self.known.remove(&key);
        let known = known.unwrap_or(Known::Warm(if self.is_warm { WARM } else { 0 }));
        let (known, done) = match known {
            Known::Warm(count) if count < WARM => (Some(Known::Warm(count + 1)), Done::Nothing),
            Known::Warm(_) => {
                let (graph, done) = self.first(training, optimizer, at, how)?;
                (graph.map(|(graph, _)| Known::Tried(graph, 0)), done)
            }
            Known::Tried(graph, tries) => {
                let (graph, done) = self.second(graph, training, optimizer, at, how)?;
                match (graph, done) {
                    (Some((graph, Found::Same)), done) => {
                        tracing::info!("steps of {} images are captured", key.images);
                        (Some(Known::Proven(graph)), done)
                    }
                    (Some((_, Found::Nothing)), Done::Step(result)) if tries >= PATIENCE => {
                        let reason = "they change too little to be compared".to_owned();
                        (None, Done::Never(result, reason))
                    }
                    (Some((graph, _)), done) => (Some(Known::Tried(graph, tries + 1)), done),
                    (None, done) => (None, done),
                }
            }
            Known::Proven(graph) if self.is_doubted => {
                let (graph, done) = self.second(graph, training, optimizer, at, how)?;
                (graph.map(|(graph, _)| Known::Proven(graph)), done)
            }
            Known::Proven(mut graph) => {
                let result = graph.replay(at)?;
                self.replays = self.replays.saturating_add(1);
                (Some(Known::Proven(graph)), Done::Step(result))
            }
        };
        if let Some(known) = known {
            self.known.insert(key, known);
        }
        Ok(done)
    }

    /// Does a step by operators, captures it, and holds both against each other.
    fn first(
        &self,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        how: How<'_>,
    ) -> Outcome {
        let device = training.spec.device;
        let begin = || -> Result<_, TrainError> {
            let before = Snapshot::of(training, optimizer)?;
            let places = Sampled::new(&training.spec.feed.train, at.indices)?;
            Ok((before, places, SideStream::enter(device)?))
        };
        let (before, places, side) = match begin() {
            Ok(begun) => begun,
            Err(error) => return Ok((None, Done::Refused(error.to_string()))),
        };
        let (result, feeds) = observe(device, &at.moment(), || {
            of_places(training, optimizer, &places, at, how, &mut unheard)
        });
        let result = result?;
        let feeds = match feeds {
            Ok(feeds) => feeds,
            Err(reason) => return never(result, reason),
        };
        let after = match Snapshot::of(training, optimizer) {
            Ok(after) => after,
            Err(error) => return never(result, error),
        };
        before.restore(training, optimizer)?;
        let captured = capture(device, feeds, self.beside(), || {
            of_places(training, optimizer, &places, at, how, &mut unheard)
        });
        drop(side);
        let (captured, own) = match captured {
            Ok(captured) => captured,
            Err(error) => {
                after.restore(training, optimizer)?;
                return never(result, error);
            }
        };
        before.restore(training, optimizer)?;
        let graph = Graph { captured, places: places.tensor, result: own };
        self.checked(graph, training, optimizer, at, (before, after, result))
    }

    /// A graph in whose memory another one may work: no two are replayed at a time, and what they
    /// give is copied at once.
    fn beside(&self) -> Option<&Captured> {
        self.known.values().find_map(|known| match known {
            Known::Tried(graph, _) | Known::Proven(graph) => Some(&graph.captured),
            Known::Warm(_) => None,
        })
    }

    /// Does another step by operators, and replays it.
    fn second(
        &self,
        graph: Graph,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        how: How<'_>,
    ) -> Outcome {
        let before = match Snapshot::of(training, optimizer) {
            Ok(before) => before,
            Err(error) => return Ok((None, Done::Refused(error.to_string()))),
        };
        let (result, feeds) = observe(training.spec.device, &at.moment(), || {
            by_operators(training, optimizer, at, how, &mut unheard)
        });
        let result = result?;
        if let Err(reason) = feeds {
            return never(result, reason);
        }
        let after = match Snapshot::of(training, optimizer) {
            Ok(after) => after,
            Err(error) => return never(result, error),
        };
        before.restore(training, optimizer)?;
        self.checked(graph, training, optimizer, at, (before, after, result))
    }

    /// Replays a step from `before`, and looks whether `after` comes out.
    fn checked(
        &self,
        mut graph: Graph,
        training: &mut Training<'_>,
        optimizer: &mut Optimizer,
        at: At<'_>,
        (before, after, result): (Snapshot, Snapshot, StepResult),
    ) -> Outcome {
        let exact = self.is_deterministic;
        let replayed =
            graph.replay(at).and_then(|own| Ok((own, Snapshot::of(training, optimizer)?)));
        let found = match replayed {
            Ok((own, state)) => compare::losses(&result, &own, exact)
                .and_then(|()| compare::states(&before, &after, &state, exact)),
            Err(error) => Err(error.to_string()),
        };
        after.restore(training, optimizer)?;
        match found {
            Ok(found) => Ok((Some((graph, found)), Done::Step(result))),
            Err(reason) => never(result, reason),
        }
    }
}

fn never(result: StepResult, reason: impl Display) -> Outcome {
    Ok((None, Done::Never(result, reason.to_string())))
}

impl Graph {
    fn replay(&mut self, at: At<'_>) -> Result<StepResult, TrainError> {
        let places = upload(&Tensor::f_from_slice(at.indices)?, self.places.device())?;
        tch::no_grad(|| self.places.f_copy_(&places))?;
        self.captured.replay(&at.moment())?;
        // The next replay writes to the same places.
        let StepResult { loss, correct } = &self.result;
        let [loss, correct] = [loss, correct].map(|one| copied_as(one, one));
        Ok(StepResult { loss: loss?, correct: correct? })
    }
}
