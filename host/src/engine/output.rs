//! The files of a finished job.

use std::collections::BTreeMap;
use std::path::Path;

use super::learned;
use crate::config::Precision;
use crate::engine::device::precision_name;
use crate::engine::stored::{BEST, BEST_MASK, LAST, LAYERS, MASK};
use crate::model::Parameter;
use crate::model::graph::flops;
use crate::model::state::to_safetensors;
use crate::prune::layers::{csv, layers};
use crate::train::checkpoint::write;
use crate::train::{Finished, Results, TrainError, Training};

/// Writes the files of a training of so many epochs into its folder and gives what it is reported
/// by. The network's knobs stand elsewhere afterwards.
pub fn finish(
    training: &mut Training<'_>,
    finished: &Finished,
    names: &[String],
    (precision, epochs): (Precision, u64),
    into: &Path,
) -> Result<Results, TrainError> {
    write(&into.join(MASK), &to_safetensors(&training.masks.state())?)?;
    write(&into.join(LAST), &to_safetensors(&finished.model)?)?;
    write(&into.join(BEST), &to_safetensors(&finished.best)?)?;
    write(&into.join("metrics.jsonl"), finished.metrics.text().as_bytes())?;
    let reported = finished.best_masks.as_ref().unwrap_or(&training.masks);
    if finished.best_masks.is_some() {
        write(&into.join(BEST_MASK), &to_safetensors(&reported.state())?)?;
    }
    let layers = csv(&layers(reported, names));
    write(&into.join(LAYERS), layers.as_bytes())?;
    if let Some(text) = learned::csv(&training.network, &finished.model)? {
        write(&into.join(learned::FILE), text.as_bytes())?;
    }
    training.write_kernels(into)?;
    let kept = reported.kept_by_name();
    let (weights_kept, weights_total) = (reported.kept(), reported.total());
    let parameters = || training.network.parameters().iter();
    let size = |parameter: &Parameter| parameter.tensor.numel() as u64;
    let all: u64 = parameters().map(size).sum();
    let stored = parameters().filter(|parameter| finished.best.contains_key(&parameter.name));
    let stored: u64 = stored.map(size).sum();
    let pruned = weights_total - weights_kept;
    let calibration_error = finished.test.calibration_error;
    Ok(Results {
        test_accuracy: finished.test.accuracy,
        test_accuracy_last: finished.test_last.accuracy,
        validation_accuracy: finished.validation_accuracy,
        test_loss: finished.test.loss,
        best_epoch: finished.best_epoch,
        weights_kept,
        weights_total,
        weights_training: all - pruned,
        flops: flops::forward(training.network.view(), &kept),
        given_up: finished.given_up,
        test_calibration_error: calibration_error.is_finite().then_some(calibration_error),
        weights_exported: Some(stored - pruned),
        training_flops: Some(training_flops(training, &kept, epochs)?),
        precision: precision_name(precision).to_owned(),
    })
}

/// Three forward passes (a backward pass counts as two) of every image of every epoch, through the
/// network as it stood at the epoch's beginning: a skip counts until it has faded.
fn training_flops(
    training: &mut Training<'_>,
    kept: &BTreeMap<String, u64>,
    epochs: u64,
) -> Result<u64, TrainError> {
    let spec = *training.spec();
    let images = spec.feed.train.len() as u64;
    let mut total: u64 = 0;
    for epoch in 0..epochs {
        training.network.set_progress(spec.progress(epoch * spec.steps_per_epoch()))?;
        let forward = flops::forward(training.network.view(), kept);
        total = total.saturating_add(forward.saturating_mul(3 * images));
    }
    Ok(total)
}
