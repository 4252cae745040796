//! One optimizer step.

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use super::batches::Prepared;
use super::error::TrainError;
use super::loss;
use super::optimizer::{Optimizer, Rate};
use super::parts::{Part, Passed, unheard};
use super::training::Training;
use crate::config::Precision;
use crate::model::{Network, Substitutes};
use crate::torch::capture::is_on_tape;
use crate::torch::grad::{GradOptions, grad};
use crate::torch::settings::Autocast;

/// What a step gives besides new weights; 0-dimensional tensors on the device.
#[derive(Debug)]
pub struct StepResult {
    pub loss: Tensor,
    /// Images recognised, i64.
    pub correct: Tensor,
}

/// What a step does besides what the recipe says.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'a> {
    pub rate: Rate<'a>,
    /// Whether the recipe's update [is due](Training::update_is_due).
    pub moves_masks: bool,
}

impl Training<'_> {
    /// Forward, backward, update at that learning rate. Masks that are due to move do so before
    /// the optimizer's step, or instead of it.
    ///
    /// # Errors
    ///
    /// What an operator or plugin says; a loss that is not finite, except on a GPU, which reading
    /// it would make wait.
    pub fn step(
        &mut self,
        optimizer: &mut Optimizer,
        batch: &Prepared,
        progress: Progress,
        rate: f64,
    ) -> Result<StepResult, TrainError> {
        let how = How { rate: Rate::Number(rate), moves_masks: self.update_is_due(progress)? };
        self.step_in_parts(optimizer, batch, progress, how, &mut unheard)
    }

    /// As [`Training::step`]; `passed` hears of its parts.
    pub(super) fn step_in_parts(
        &mut self,
        optimizer: &mut Optimizer,
        batch: &Prepared,
        progress: Progress,
        how: How<'_>,
        passed: Passed<'_>,
    ) -> Result<StepResult, TrainError> {
        let (spec, network) = (&self.spec, &self.network);
        // Masks that move ask for the gradients of pruned weights, too.
        let run = if how.moves_masks { forward_dense } else { forward };
        let mut outputs = run(network, spec.precision, &batch.inputs, Mode::Train)?;
        if let Some(teacher) = &self.teacher {
            outputs.push(("teacher".to_owned(), self.taught(teacher, &batch.inputs)?));
        }
        let (loss, targets) = (self.recipe.loss.as_ref(), &batch.targets);
        let value = loss::of_batch(loss, network, &outputs, targets, progress, spec.seed)?;
        if !spec.device.is_cuda() && !is_on_tape() {
            // Before the update, after which every weight would be NaN and the first layer blamed.
            self.check_loss(&value, progress, batch)?;
        }
        passed(Part::Forward);
        let weights: Vec<&Tensor> = network.parameters().iter().map(|p| &p.tensor).collect();
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        let gradients = grad(&[&value], &weights, None, options)?;
        passed(Part::Backward);
        if !(how.moves_masks && self.update_masks(optimizer, &gradients, progress)?) {
            let (parameters, masks) = (self.network.parameters(), &self.masks);
            optimizer.step(parameters, gradients, masks, &self.places, how.rate)?;
        }
        passed(Part::Optimizer);
        let correct = tch::no_grad(|| loss::correct(&outputs[0].1, targets))?;
        Ok(StepResult { loss: value.detach(), correct })
    }
}

impl Training<'_> {
    /// The teacher's logits for the images that the network sees, without gradient.
    fn taught(&self, teacher: &Network, inputs: &Tensor) -> Result<Tensor, TrainError> {
        let outputs = tch::no_grad(|| forward(teacher, self.spec.precision, inputs, Mode::Eval))?;
        let first = outputs.into_iter().next();
        let (_, logits) =
            first.ok_or_else(|| TrainError::Setting("the teacher has no output".to_owned()))?;
        Ok(logits)
    }
}

/// The network's outputs in that precision.
///
/// # Errors
///
/// What an operator or plugin says.
pub fn forward(
    network: &Network,
    precision: Precision,
    inputs: &Tensor,
    mode: Mode,
) -> Result<Vec<(String, Tensor)>, TrainError> {
    let _autocast = autocast(network, precision)?;
    Ok(network.forward(inputs, mode)?)
}

/// As [`forward`], with dense operators alone.
///
/// # Errors
///
/// What an operator or plugin says.
pub fn forward_dense(
    network: &Network,
    precision: Precision,
    inputs: &Tensor,
    mode: Mode,
) -> Result<Vec<(String, Tensor)>, TrainError> {
    let _autocast = autocast(network, precision)?;
    Ok(network.forward_dense(inputs, mode)?)
}

fn autocast(network: &Network, precision: Precision) -> Result<Option<Autocast>, TrainError> {
    Ok(match precision {
        Precision::Bf16 => Some(Autocast::new(network.device(), Kind::BFloat16, true)?),
        _ => None,
    })
}

/// Where a forward pass first gives a value that is not finite, in words.
pub fn first_not_finite(network: &Network, batch: &Prepared) -> String {
    let mut place = None;
    let mut observe = |node: &str, value: &Tensor| {
        if place.is_none() && value.is_floating_point() && !all_finite(value) {
            place = Some(node.to_owned());
        }
    };
    let run = tch::no_grad(|| {
        let mode = Mode::BatchStats;
        network.forward_observed(&batch.inputs, mode, Substitutes::default(), Some(&mut observe))
    });
    match (run, place) {
        (_, Some(node)) => format!("; the first value that is not finite comes from node `{node}`"),
        (Err(error), None) => format!("; the network itself says: {error}"),
        (Ok(_), None) => "; the network's outputs are finite, so it comes from the loss".to_owned(),
    }
}

/// Whether no value is NaN or infinite.
pub fn all_finite(value: &Tensor) -> bool {
    value.isfinite().all().int64_value(&[]) != 0
}
