//! A training batch on its way: fetched, augmented, normalised.

use jackpot_plugin_api::ctx::Progress;
use tch::Tensor;

use super::error::TrainError;
use super::parts::{Part, Passed, unheard};
use super::recipe::Recipe;
use super::spec::TrainingSpec;
use crate::data::Split;
use crate::model::Network;
use crate::plugin::border::context::{HookContext, Samples};
use crate::plugin::kinds::BatchTensors;

/// What the network and the loss see.
#[derive(Debug)]
pub struct Prepared {
    /// f32 `[N, C, H, W]`, normalised.
    pub inputs: Tensor,
    /// f32 `[N, classes]`.
    pub targets: Tensor,
}

/// The images of a batch.
#[derive(Debug)]
pub struct Sampled<'a> {
    /// Their places in the training split.
    pub values: &'a [i64],
    /// The same on the training device.
    pub tensor: Tensor,
}

impl<'a> Sampled<'a> {
    /// Of a split.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn new(split: &Split, values: &'a [i64]) -> Result<Self, TrainError> {
        Ok(Self { values, tensor: split.places(values)? })
    }
}

/// Fetches the images at these places of the training split, augments and normalises them.
///
/// # Errors
///
/// What an augmentation says.
pub fn prepare(
    spec: &TrainingSpec<'_>,
    recipe: &Recipe,
    network: &Network,
    indices: &[i64],
    progress: Progress,
) -> Result<Prepared, TrainError> {
    let sampled = Sampled::new(&spec.feed.train, indices)?;
    prepare_in_parts(spec, recipe, network, &sampled, progress, &mut unheard)
}

/// As [`prepare`]; `passed` hears of its parts.
pub(super) fn prepare_in_parts(
    spec: &TrainingSpec<'_>,
    recipe: &Recipe,
    network: &Network,
    sampled: &Sampled<'_>,
    progress: Progress,
    passed: Passed<'_>,
) -> Result<Prepared, TrainError> {
    let batch = spec.feed.train.fetch_at(sampled.tensor.shallow_clone())?;
    passed(Part::Data);
    let mut batch =
        BatchTensors { images: batch.images, targets: batch.targets, indices: batch.indices };
    let drawn = batch.indices.shallow_clone();
    let prepared = tch::no_grad(|| {
        for attached in &recipe.augmentations {
            batch = attached.with(network, progress, spec.seed, |item, context| {
                let samples = Some(Samples { tensor: &drawn, values: sampled.values });
                item.augment(&batch, &HookContext { samples, ..context })
            })?;
        }
        let inputs = spec.feed.normaliser.apply(&batch.images)?;
        Ok(Prepared { inputs, targets: batch.targets })
    });
    passed(Part::Augmentation);
    prepared
}
