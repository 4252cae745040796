//! Kind `update`.

use tch::Tensor;

use crate::engine::check::trial::{Checked, Trial, fine, wrong};
use crate::engine::check::values::{list, same};
use crate::plugin::kinds::Update;
use crate::train::optimizer::Optimizer;
use crate::train::{TrainError, Training};

pub fn check(trial: &Trial<'_>) {
    let Ok(update) = trial.create().map(Update::new) else { return };
    if !trial.check("due", || due(trial, &update)) {
        return;
    }
    if !trial.check("masks", || masks(trial, &update)) {
        return;
    }
    trial.check("seeds", || seeds(trial, &update));
}

/// The steps of the stage's training in which the masks move.
fn steps(trial: &Trial<'_>, update: &Update) -> Result<Vec<u64>, TrainError> {
    let mut steps = Vec::new();
    for step in 0..trial.stage.progress(0).total_steps {
        if update.due(trial.stage.progress(step))? {
            steps.push(step);
        }
    }
    Ok(steps)
}

fn due(trial: &Trial<'_>, update: &Update) -> Checked {
    let steps = steps(trial, update)?;
    for step in (0..trial.stage.progress(0).total_steps).rev() {
        if update.due(trial.stage.progress(step))? != steps.binary_search(&step).is_ok() {
            return wrong(format!("`due` is not pure: it gave two answers for step {step}"));
        }
    }
    let total = trial.stage.progress(0).total_steps;
    match steps.as_slice() {
        [] => wrong(format!("it would never act: `due` says no before each of {total} steps")),
        [only] => fine(format!("once in {total} steps, before step {only}")),
        [first, .., last] => fine(format!(
            "{} times in {total} steps, first before step {first}, last before step {last}",
            steps.len()
        )),
    }
}

/// The training after a real step in which the update is due, under a ticket.
fn updated<'a>(
    trial: &'a Trial<'_>,
    recipe: &'a crate::config::TrainConfig,
    step: u64,
) -> Result<Training<'a>, TrainError> {
    let mut training = trial.stage.training(recipe)?;
    let progress = trial.stage.progress(step);
    let mut optimizer = Optimizer::new(&recipe.optimizer, training.network.parameters())?;
    let batch = training.batch(step)?;
    training.step(&mut optimizer, &batch, progress, recipe.optimizer.lr())?;
    Ok(training)
}

fn masks(trial: &Trial<'_>, update: &Update) -> Checked {
    let recipe = trial.recipe();
    // As the rehearsal of a run: the first and the last update, on the dense network.
    trial.stage.training(&recipe)?.rehearse_update(trial.stage.prunable())?;
    let step = steps(trial, update)?[0];
    let before = trial.stage.training(&recipe)?.masks;
    let training = updated(trial, &recipe, step)?;
    let (mut dropped, mut grown) = (0, 0);
    for (name, old) in before.iter() {
        let Some(new) = training.masks.get(name) else { continue };
        for (old, new) in list(old)?.into_iter().zip(list(new)?) {
            dropped += usize::from(old > new);
            grown += usize::from(old < new);
        }
        let weight = training.network.parameter(name).map(|p| p.tensor.detach());
        let pruned = weight.map(|weight| weight.f_masked_fill(new, 0.0)).transpose()?;
        if let Some(pruned) = pruned
            && list(&pruned)?.iter().any(|&value| value != 0.0)
        {
            return wrong(format!("`{name}` has pruned weights that are not 0"));
        }
    }
    let step_too = if update.replaces_step()? { "instead of" } else { "with" };
    fine(format!(
        "of {} kept weights {dropped} are dropped and {grown} others grow, {step_too} the \
         optimizer's step",
        before.kept()
    ))
}

fn seeds(trial: &Trial<'_>, update: &Update) -> Checked {
    let recipe = trial.recipe();
    let step = steps(trial, update)?[0];
    let run = || -> Result<Vec<(String, Tensor)>, TrainError> {
        Ok(updated(trial, &recipe, step)?.masks.state().into_iter().collect())
    };
    for ((name, first), (_, again)) in run()?.iter().zip(&run()?) {
        if !same(first, again)? {
            return wrong(format!("not deterministic: equal seeds gave two masks of `{name}`"));
        }
    }
    fine("equal seeds give equal masks")
}
