//! The files of a finished job.

use std::path::Path;

use super::learned;
use crate::config::Precision;
use crate::engine::device::precision_name;
use crate::engine::stored::{BEST, BEST_MASK, LAST, LAYERS, MASK};
use crate::model::graph::flops;
use crate::model::state::to_safetensors;
use crate::prune::layers::{csv, layers};
use crate::train::checkpoint::write;
use crate::train::{Finished, Results, TrainError, Training};

/// Writes the files of a training into its folder and gives what it is reported by.
pub fn finish(
    training: &Training<'_>,
    finished: &Finished,
    names: &[String],
    precision: Precision,
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
    let all: u64 = training.network.parameters().iter().map(|p| p.tensor.numel() as u64).sum();
    Ok(Results {
        test_accuracy: finished.test.accuracy,
        test_accuracy_last: finished.test_last.accuracy,
        validation_accuracy: finished.validation_accuracy,
        test_loss: finished.test.loss,
        best_epoch: finished.best_epoch,
        weights_kept,
        weights_total,
        weights_training: all - (weights_total - weights_kept),
        flops: flops::forward(training.network.view(), &kept),
        given_up: finished.given_up,
        precision: precision_name(precision).to_owned(),
    })
}
