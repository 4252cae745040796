//! Accuracy of stored weights.

use std::path::Path;

use tch::Tensor;

use super::error::OpenError;
use super::session::Session;
use crate::config::{ModelConfig, TrainConfig};
use crate::data::Split;
use crate::model::state::{self, Extra, State, to_safetensors};
use crate::train::evaluate::evaluate;
use crate::train::{Evaluation, TrainError, Training, TrainingSpec};

/// What an evaluation gives besides the numbers, if asked for.
#[derive(Debug)]
pub struct Evaluated {
    pub evaluation: Evaluation,
    /// f32 `[N, classes]`, in the order of the split.
    pub logits: Tensor,
    pub images: usize,
}

/// Which images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Test,
    Validation,
}

impl Session {
    /// Loads weights into the network of a model and recipe, at the end of its training (so that
    /// a faded skip is gone), and evaluates it. The session must be prepared.
    ///
    /// # Errors
    ///
    /// Weights that do not fit the network, or no images.
    pub fn evaluate(
        &self,
        model: &ModelConfig,
        train: &TrainConfig,
        weights: &Path,
        part: Part,
    ) -> Result<Evaluated, OpenError> {
        let prepared = self.prepared()?;
        let split: &Split = match part {
            Part::Test => &prepared.feed.test,
            Part::Validation => &prepared.feed.validation,
        };
        let run = || -> Result<Evaluated, TrainError> {
            let graph = prepared
                .graphs
                .get(model)
                .ok_or_else(|| TrainError::Setting("the config has no such network".to_owned()))?;
            let nowhere = Path::new("");
            let spec = TrainingSpec {
                graph,
                train,
                registry: &self.registry,
                feed: &prepared.feed,
                seed: self.config.seeds.first().copied().unwrap_or_default(),
                device: self.device,
                precision: self.precision,
                rewind_points: &[],
                into: nowhere,
                checkpoint: nowhere,
            };
            let mut training = Training::build(spec)?;
            training.network.set_progress(spec.progress(spec.start().total_steps))?;
            training.network.load(&state::read(weights)?, weights, Extra::Refused)?;
            let mut all = Vec::new();
            let normaliser = &prepared.feed.normaliser;
            let evaluation =
                evaluate(&training.network, split, normaliser, self.precision, &mut |logits| {
                    all.push(logits.to_device(tch::Device::Cpu));
                })?;
            let logits = Tensor::f_cat(&all, 0)?;
            Ok(Evaluated { evaluation, logits, images: split.len() })
        };
        run().map_err(|error| OpenError::Rehearsal {
            what: weights.display().to_string(),
            source: Box::new(error),
        })
    }

    /// The normalised images of a split, as the network sees them; after [`Session::prepare`].
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn inputs(&self, part: Part) -> Result<Tensor, OpenError> {
        let prepared = self.prepared()?;
        let split = match part {
            Part::Test => &prepared.feed.test,
            Part::Validation => &prepared.feed.validation,
        };
        let all = || -> Result<Tensor, tch::TchError> {
            let batches = split
                .evaluation_batches(crate::train::evaluate::BATCH)
                .map(|batch| prepared.feed.normaliser.apply(&batch?.images))
                .collect::<Result<Vec<_>, _>>()?;
            Tensor::f_cat(&batches, 0)
        };
        all().map_err(|error| OpenError::Device(error.to_string()))
    }
}

/// Writes logits (f32 `[N, classes]`) and, if given, the inputs they belong to (f32
/// `[N, C, H, W]`, normalised) as a safetensors file with `logits` and `inputs`.
///
/// # Errors
///
/// A disk that is full or not writable.
pub fn write_logits(
    path: &Path,
    logits: &Tensor,
    inputs: Option<&Tensor>,
) -> Result<(), OpenError> {
    let mut tensors = State::from([("logits".to_owned(), logits.shallow_clone())]);
    if let Some(inputs) = inputs {
        tensors.insert("inputs".to_owned(), inputs.shallow_clone());
    }
    let bytes = to_safetensors(&tensors)?;
    crate::train::checkpoint::write(path, &bytes)
        .map_err(|error| OpenError::File { path: path.to_owned(), message: error.to_string() })
}
