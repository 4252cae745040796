//! What a config will cost on this machine, by a few steps of each kind of training: dense ones, so
//! that pruned levels on sparse kernels take less.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jackpot_plugin_api::model::Mode;
use tch::Tensor;

use super::error::OpenError;
use super::session::{Prepared, Session};
use crate::config::{ModelConfig, Rewind, TrainConfig};
use crate::data::Split;
use crate::experiment::{Work, jobs};
use crate::median::median;
use crate::prune::Scope;
use crate::train::evaluate::BATCH;
use crate::train::optimizer::Optimizer;
use crate::train::step::forward;
use crate::train::{TrainError, Training};

/// All trainings of a config that are not another one's.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    pub kinds: Vec<Kind>,
    /// Of all jobs' weights and masks, which are nearly all of a run.
    pub bytes: u64,
}

/// Trainings that cost the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// In words: a recipe, or the draws.
    pub what: String,
    pub trainings: u64,
    /// Of one of them.
    pub seconds: f64,
}

impl Estimate {
    /// Of one process after another.
    pub fn seconds(&self) -> f64 {
        self.kinds.iter().map(|kind| kind.seconds * kind.trainings as f64).sum()
    }
}

/// What one training of a kind takes.
#[derive(Debug, Clone, Copy)]
struct Cost {
    seconds: f64,
    /// Of its weights, once.
    state: u64,
    mask: u64,
}

/// Steps of a measurement: those that find their memory, and at most so many timed ones.
const WARM: u64 = 2;
const TIMED: u64 = 20;
const LONGEST: Duration = Duration::from_secs(3);

impl Session {
    /// Measures; after [`Session::prepare`].
    ///
    /// # Errors
    ///
    /// The session was not prepared; a training that fails.
    pub fn estimate(&self) -> Result<Estimate, OpenError> {
        let prepared = self.prepared()?;
        let mut measured: BTreeMap<String, (Kind, Cost)> = BTreeMap::new();
        let mut bytes = 0;
        for job in jobs(&self.config)? {
            let Some(work) = Work::of(&self.config, &job.key) else { continue };
            let key = serde_json::to_string(&(work.model, work.train)).unwrap_or_default();
            let what = match work.spend {
                Some(spend) => format!("recipe `{}`", spend.recipe),
                None => "[train]".to_owned(),
            };
            if !measured.contains_key(&key) {
                let cost = self
                    .cost(prepared, work.model, work.train)
                    .map_err(|error| OpenError::of_part(&what, error))?;
                let kind = Kind { what, trainings: 0, seconds: cost.seconds };
                measured.insert(key.clone(), (kind, cost));
            }
            let Some((kind, cost)) = measured.get_mut(&key) else { continue };
            if job.key.is_draw() && job.key.level() == 0 {
                let rewound = !matches!(work.draw.rewind, Rewind::Init);
                bytes += cost.state * (1 + u64::from(rewound));
            }
            if job.linked_to.is_none() {
                // The best weights and the last ones.
                bytes += 2 * cost.state + cost.mask;
                let trains = work.spend.is_some() || work.draw.trains(work.level);
                kind.trainings += u64::from(trains);
            }
        }
        let kinds = measured.into_values().map(|(kind, _)| kind);
        let mut kinds: Vec<Kind> = kinds.filter(|kind| kind.trainings > 0).collect();
        kinds.sort_by(|a, b| a.what.cmp(&b.what));
        Ok(Estimate { kinds, bytes })
    }

    fn cost(
        &self,
        prepared: &Prepared,
        model: &ModelConfig,
        train: &TrainConfig,
    ) -> Result<Cost, TrainError> {
        // Masks that move cost a step here and there.
        let train = &TrainConfig { update: None, ..train.clone() };
        let feed = &prepared.feed;
        let mut training = self.built((&prepared.graphs, feed), model, train)?;
        let step = step_seconds(&mut training)?;
        let mut evaluated = 0.0;
        for (split, times) in [(&feed.validation, train.epochs), (&feed.test, 2)] {
            let batches = split.len().div_ceil(BATCH) as u64;
            evaluated += batch_seconds(&training, split)? * (batches * times) as f64;
        }
        let steps = training.spec().steps_per_epoch() * train.epochs;
        let size = |tensor: &Tensor| (tensor.numel() * tensor.kind().elt_size_in_bytes()) as u64;
        let state = training.network.stored_state().values().map(size).sum();
        let names = match self.config.draws.first() {
            Some(draw) => Scope::new(&draw.prunable).names(&training.network)?,
            None => Vec::new(),
        };
        let weights = names.iter().filter_map(|name| training.network.parameter(name));
        let mask = weights.map(|parameter| parameter.tensor.numel() as u64).sum();
        Ok(Cost { seconds: step * steps as f64 + evaluated, state, mask })
    }
}

/// The median time of a step, its batch included.
fn step_seconds(training: &mut Training<'_>) -> Result<f64, TrainError> {
    let optimizer = &training.spec().train.optimizer;
    let mut optimizer = Optimizer::new(optimizer, training.network.parameters())?;
    let (mut times, begin) = (Vec::new(), Instant::now());
    for step in 0..WARM + TIMED {
        let start = Instant::now();
        let progress = training.spec().progress(step);
        training.set_progress(progress)?;
        let (batch, rate) = (training.batch(step)?, training.rate(progress)?);
        let result = training.step(&mut optimizer, &batch, progress, rate)?;
        // A GPU has then done it.
        let _ = result.loss.f_double_value(&[])?;
        if step >= WARM {
            times.push(start.elapsed().as_secs_f64());
        }
        if step > WARM && begin.elapsed() > LONGEST {
            break;
        }
    }
    Ok(median(times).unwrap_or_default())
}

/// The time of an evaluation's batch.
fn batch_seconds(training: &Training<'_>, split: &Split) -> Result<f64, TrainError> {
    let (spec, mut best) = (training.spec(), f64::INFINITY);
    for batch in split.evaluation_batches(BATCH).take(2) {
        let start = Instant::now();
        let inputs = spec.feed.normaliser.apply(&batch?.images)?;
        let outputs =
            tch::no_grad(|| forward(&training.network, spec.precision, &inputs, Mode::Eval))?;
        let _ = outputs[0].1.f_sum(tch::Kind::Float)?.f_double_value(&[])?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(if best.is_finite() { best } else { 0.0 })
}
