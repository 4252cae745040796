//! Accuracy, loss and calibration of a network on a split.

use std::ops::ControlFlow;

use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use super::calibration::Calibration;
use super::error::TrainError;
use super::loss;
use super::step::forward;
use crate::config::Precision;
use crate::data::{Normaliser, Split};
use crate::failpoint::{Point, reach};
use crate::model::Network;

/// Images per batch. Fixed, since a network's values can depend on it in the last bit.
pub const BATCH: usize = 250;

/// What an evaluation found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The share of images recognised, in [0, 1].
    pub accuracy: f64,
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// The [expected calibration error](Calibration::error), in [0, 1].
    pub calibration_error: f64,
}

/// Evaluates on a whole split. `observe` sees the logits of each batch (f32 `[N, classes]`), and
/// says whether to stop.
///
/// # Errors
///
/// What an operator or plugin says; [`TrainError::Interrupted`].
pub fn evaluate(
    network: &Network,
    split: &Split,
    normaliser: &Normaliser,
    precision: Precision,
    observe: &mut dyn FnMut(&Tensor) -> ControlFlow<()>,
) -> Result<Evaluation, TrainError> {
    if split.is_empty() {
        return Err(TrainError::Setting("there are no images to evaluate on".to_owned()));
    }
    let device = network.device();
    let mut losses = Tensor::zeros([], (Kind::Double, device));
    let mut hits = Tensor::zeros([], (Kind::Int64, device));
    let mut calibration = Calibration::new(device);
    tch::no_grad(|| {
        for batch in split.evaluation_batches(BATCH) {
            let batch = batch?;
            let inputs = normaliser.apply(&batch.images)?;
            let outputs = forward(network, precision, &inputs, Mode::Eval)?;
            let logits = outputs[0].1.f_to_kind(Kind::Float)?;
            let mean = loss::cross_entropy(&logits, &batch.targets)?.f_to_kind(Kind::Double)?;
            losses = losses.f_add(&mean.f_mul_scalar(batch.len() as f64)?)?;
            hits = hits.f_add(&loss::correct(&logits, &batch.targets)?)?;
            calibration.add(&logits, &batch.targets)?;
            reach(Point::Evaluation);
            if observe(&logits).is_break() {
                return Err(TrainError::Interrupted);
            }
        }
        Ok::<_, TrainError>(())
    })?;
    let images = split.len() as f64;
    Ok(Evaluation {
        accuracy: hits.int64_value(&[]) as f64 / images,
        loss: losses.double_value(&[]) / images,
        calibration_error: calibration.error()?,
    })
}
