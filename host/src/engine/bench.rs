//! How fast a recipe trains here.

use std::path::PathBuf;
use std::time::Duration as Span;

use serde::Serialize;
use tch::Tensor;

use super::device::{device_name, precision_name};
use super::error::OpenError;
use super::session::Session;
use crate::median::median;
use crate::prune::select::highest;
use crate::prune::{Masks, Scope};
use crate::random::Stream;
use crate::torch::memory::highest as peak;
use crate::train::measure::{Steps, Took, inference};
use crate::train::parts::Part;
use crate::train::{TrainError, Training};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Bench {
    /// A recipe of the config; `None`: `[train]`.
    pub recipe: Option<String>,
    pub pruned: Pruned,
    /// Steps before the first round.
    pub warmup: u64,
    /// Steps of a round.
    pub steps: u64,
}

/// Which weights are zero.
#[derive(Debug, Clone)]
pub enum Pruned {
    /// The share of prunable weights, in each layer, at random places.
    Evenly(f64),
    /// Those of a mask file.
    As(PathBuf),
}

/// What was measured on, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    pub recipe: String,
    pub device: String,
    pub precision: String,
    pub threads: usize,
    pub batch_size: usize,
    /// Prunable weights that are kept, and all of them.
    pub kept: u64,
    pub prunable: u64,
    /// Trainable weights.
    pub parameters: u64,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    #[serde(flatten)]
    pub setting: Setting,
    /// Of the whole training loop, for each round.
    pub rounds: Vec<f64>,
    pub images_per_second: Spread,
    /// Whether whole steps were replayed; `step` is of steps by operators.
    pub captured: bool,
    /// Seconds of one step by its parts, and what is left of the step beside them.
    pub step: Vec<(&'static str, f64)>,
    /// The process's highest memory in RAM, bytes.
    pub peak_bytes: Option<u64>,
}

/// Of several rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// Of no values it is 0.
    pub fn of(values: &[f64]) -> Self {
        let ends = [f64::min, f64::max].map(|end| values.iter().copied().reduce(end));
        let [least, most] = ends.map(Option::unwrap_or_default);
        Self { median: median(values.iter().copied()).unwrap_or_default(), least, most }
    }
}

impl Bench {
    /// Trains for a while; `next` hears the speed of each round, 0 before the first, and says
    /// whether there is to be another.
    ///
    /// # Errors
    ///
    /// A recipe that the config does not have; what a training of it says.
    pub fn train(
        &self,
        session: &Session,
        mut next: impl FnMut(f64, &Setting) -> bool,
    ) -> Result<Measured, OpenError> {
        let (mut training, setting) = self.training(session)?;
        let recipe = setting.recipe.clone();
        let failed = |error: TrainError| OpenError::of_part(recipe.clone(), error);
        let mut steps = Steps::new(&mut training).map_err(failed)?;
        steps.round(self.warmup).map_err(failed)?;
        let mut rounds = Vec::new();
        let mut latest = 0.0;
        while next(latest, &setting) {
            latest = speed(steps.round(self.steps).map_err(failed)?);
            rounds.push(latest);
        }
        let captured = steps.are_replayed();
        let took = steps.round_in_parts(self.steps).map_err(failed)?;
        let images_per_second = Spread::of(&rounds);
        let step = parts(&took, self.steps);
        let peak_bytes = peak();
        Ok(Measured { setting, rounds, images_per_second, captured, step, peak_bytes })
    }

    /// Trains rounds of as many steps as `next` says, until it says none; it hears the number of
    /// images of the round before, 0 before the first.
    ///
    /// # Errors
    ///
    /// As [`Bench::train`].
    pub fn asked(
        &self,
        session: &Session,
        mut next: impl FnMut(usize) -> Option<u64>,
    ) -> Result<(), OpenError> {
        let (mut training, setting) = self.training(session)?;
        let failed = |error: TrainError| OpenError::of_part(setting.recipe.clone(), error);
        let mut steps = Steps::new(&mut training).map_err(failed)?;
        steps.round(self.warmup).map_err(failed)?;
        let mut images = 0;
        while let Some(count) = next(images) {
            images = steps.round(count).map_err(failed)?.images;
        }
        Ok(())
    }

    /// As [`Bench::train`], of forward passes in evaluation mode over batches of so many images.
    ///
    /// # Errors
    ///
    /// As [`Bench::train`].
    pub fn infer(
        &self,
        session: &Session,
        batch: usize,
        mut next: impl FnMut(f64, &Setting) -> bool,
    ) -> Result<Measured, OpenError> {
        let (training, setting) = self.training(session)?;
        let setting = Setting { batch_size: batch, ..setting };
        let test = &session.prepared()?.feed.test;
        let round = |passes| {
            let took = inference(&training, test, batch, passes);
            took.map(speed).map_err(|error| OpenError::of_part(setting.recipe.clone(), error))
        };
        round(self.warmup)?;
        let mut rounds = Vec::new();
        let mut latest = 0.0;
        while next(latest, &setting) {
            latest = round(self.steps)?;
            rounds.push(latest);
        }
        let images_per_second = Spread::of(&rounds);
        let step = vec![("forward", batch as f64 / images_per_second.median)];
        let (captured, peak_bytes) = (false, peak());
        Ok(Measured { setting, rounds, images_per_second, captured, step, peak_bytes })
    }

    /// The recipe's training with its mask.
    fn training<'s>(&self, session: &'s Session) -> Result<(Training<'s>, Setting), OpenError> {
        let (what, mut training) = session.training_of(self.recipe.as_deref())?;
        let failed = |error: TrainError| OpenError::of_part(what.clone(), error);
        training.masks = self.masks(session, &training).map_err(failed)?;
        training.masks.apply(&training.network).map_err(|error| failed(error.into()))?;
        training.choose_unrecorded(session.sparse).map_err(failed)?;
        training.choose_kernels(session.sparse).map_err(failed)?;
        training.lay_out().map_err(failed)?;
        let parameters = training.network.parameters().iter();
        let setting = Setting {
            device: device_name(session.device),
            precision: precision_name(session.precision).to_owned(),
            threads: session.threads,
            batch_size: training.spec().train.batch_size,
            kept: training.masks.kept(),
            prunable: training.masks.total(),
            parameters: parameters.map(|one| one.tensor.numel() as u64).sum(),
            recipe: what,
        };
        Ok((training, setting))
    }

    fn masks(&self, session: &Session, training: &Training<'_>) -> Result<Masks, TrainError> {
        let sparsity = match &self.pruned {
            Pruned::Evenly(sparsity) => *sparsity,
            Pruned::As(file) => return Ok(Masks::read(file, &training.network)?),
        };
        let prunable = session.config.draws.first().map(|draw| draw.prunable.as_slice());
        let names = Scope::new(prunable.unwrap_or_default()).names(&training.network)?;
        let dense = Masks::dense(&training.network, &names);
        let mut masks = Masks::none();
        for (name, mask) in dense.iter() {
            let (count, seed) = (mask.numel(), training.spec().seed);
            let score = Stream::new(seed, &format!("bench/{name}"), 0, 0).uniform(count);
            let score = Tensor::from_slice(&score).reshape(mask.size());
            let keep = ((1.0 - sparsity) * count as f64).round() as u64;
            let own = [name.to_owned()];
            let scores = [(name.to_owned(), score)];
            let chosen = highest(&dense, &own, &scores, keep);
            let chosen = chosen.map_err(|error| TrainError::Setting(error.to_string()))?;
            for (name, mask) in chosen.iter() {
                masks.insert(name.to_owned(), mask.shallow_clone());
            }
        }
        Ok(masks)
    }
}

/// Images per second.
fn speed(took: Took) -> f64 {
    took.images as f64 / took.span.as_secs_f64().max(1e-9)
}

/// Seconds of one step.
fn parts(took: &Took, steps: u64) -> Vec<(&'static str, f64)> {
    let one = |span: Span| span.as_secs_f64() / steps.max(1) as f64;
    let mut named: Vec<_> =
        Part::ALL.into_iter().map(|part| (part.name(), one(took.parts[part as usize]))).collect();
    let known: Span = took.parts.iter().sum();
    named.push(("rest", one(took.span.saturating_sub(known))));
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_rounds() {
        let spread = |values: &[f64]| {
            let Spread { median, least, most } = Spread::of(values);
            [median, least, most]
        };
        assert_eq!(spread(&[3.0, 1.0, 2.0]), [2.0, 1.0, 3.0]);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 9.0]), [3.0, 1.0, 9.0]);
        assert_eq!(spread(&[]), [0.0; 3]);
    }

    #[test]
    fn what_no_part_took_is_the_rest() {
        let mut took = Took { images: 4, span: Span::from_secs(10), ..Took::default() };
        took.parts[Part::Forward as usize] = Span::from_secs(6);
        took.parts[Part::Data as usize] = Span::from_secs(1);
        let found = parts(&took, 2);
        assert_eq!(found[0], ("data", 0.5));
        assert_eq!(found[2], ("forward", 3.0));
        assert_eq!(found.last(), Some(&("rest", 1.5)));
        assert_eq!(speed(took), 0.4);
    }
}
