//! What is tried of an item, kind by kind.

mod activation;
mod architecture;
mod augmentation;
mod init;
mod loss;
mod schedule;
mod score;
mod skip;
mod update;

use jackpot_plugin_api::manifest::Kind;

use super::trial::{Checked, Trial, fine, wrong};
use super::values::short;
use crate::plugin::kinds::Common;
use crate::plugin::probe;
use crate::train::TrainError;

/// Tries an item on the stage.
pub fn check(trial: &Trial<'_>) {
    let _ = probe::take_kept();
    let made = trial.check("create", || {
        trial.create()?;
        fine(match trial.params.is_empty() {
            true => "made with its defaults",
            false => "made with its parameters",
        })
    });
    if !made {
        return;
    }
    match trial.kind {
        Kind::Architecture => architecture::check(trial),
        Kind::Activation => activation::check(trial),
        Kind::Skip => skip::check(trial),
        Kind::Init => init::check(trial),
        Kind::Augmentation => augmentation::check(trial),
        Kind::LrSchedule => schedule::check(trial),
        Kind::Loss => loss::check(trial),
        Kind::Score => score::check(trial),
        Kind::Update => update::check(trial),
        #[cfg(feature = "next")]
        Kind::Next => {}
    }
    trial.check("handles", || {
        let kept = probe::take_kept();
        let Some((hook, count)) = kept.iter().next() else {
            return fine("no tensor is kept after a hook has returned");
        };
        let tensors = if *count == 1 { "tensor" } else { "tensors" };
        wrong(format!("keeps {count} {tensors} after hook `{hook}` returned: hooks keep nothing"))
    });
}

/// One step of the stage's training with the item in its recipe.
fn training(trial: &Trial<'_>) -> Checked {
    let recipe = trial.recipe();
    let mut training = trial.stage.training(&recipe)?;
    training.initialise(trial.stage.prunable())?;
    training.rehearse()?;
    fine("a training step works")
}

/// The item's knobs over the whole training: finite, and the same in whatever order they are asked.
fn knobs(trial: &Trial<'_>, item: &dyn Common) -> Checked {
    let names = item.instance().knobs().to_vec();
    let steps = trial.stage.progress(0).total_steps;
    let mut told = Vec::new();
    for name in &names {
        let value =
            |step| -> Result<f64, TrainError> { Ok(item.knob(name, trial.stage.progress(step))?) };
        let forwards = (0..=steps).map(value).collect::<Result<Vec<_>, _>>()?;
        for step in (0..=steps).rev() {
            let (first, again) = (forwards[step as usize], value(step)?);
            if first.to_bits() != again.to_bits() {
                return wrong(format!(
                    "the knob `{name}` is not pure: at step {step} it was {first}, then {again}"
                ));
            }
        }
        let (first, last) = (forwards[0], forwards[forwards.len() - 1]);
        told.push(format!("`{name}` goes from {} to {}", short(first), short(last)));
    }
    fine(told.join(", "))
}
