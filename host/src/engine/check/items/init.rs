//! Kind `init`.

use tch::Tensor;

use super::training;
use crate::engine::check::trial::{Checked, Trial, doubtful, fine, wrong};
use crate::engine::check::values::{list, same, time};
use crate::plugin::kinds::{Common, Init};
use crate::torch::settings::without_tf32;
use crate::train::{TrainError, Training};

pub fn check(trial: &Trial<'_>) {
    let Ok(init) = trial.create().map(Init::new) else { return };
    if !trial.check("weights", || weights(trial, &init)) {
        return;
    }
    trial.check("seeds", || seeds(trial, &init));
    trial.check("training", || training(trial));
}

/// The weights by name after the item has run on a fresh ticket.
fn initialised(
    trial: &Trial<'_>,
    init: &Init,
    seed: u64,
) -> Result<Vec<(String, Tensor)>, TrainError> {
    let recipe = trial.stage.without();
    let training = trial.stage.training(&recipe)?;
    let access = trial.stage.access(&training);
    let purpose = format!("init/{}", init.name());
    let (start, device) = (trial.stage.progress(0), trial.stage.device());
    let context = access.context(init.name(), &purpose, start, seed, device);
    without_tf32(|| init.initialize(&context).map_err(TrainError::from))?;
    Ok(named(&training))
}

fn named(training: &Training<'_>) -> Vec<(String, Tensor)> {
    let copy = |p: &crate::model::Parameter| (p.name.clone(), p.tensor.detach().copy());
    training.network.parameters().iter().map(copy).collect()
}

fn weights(trial: &Trial<'_>, init: &Init) -> Checked {
    let recipe = trial.stage.without();
    let fresh = trial.stage.training(&recipe)?;
    let before = named(&fresh);
    let begun = std::time::Instant::now();
    let after = initialised(trial, init, trial.stage.seed())?;
    let took = time(begun.elapsed().as_secs_f64());
    let mut changed = 0;
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        changed += usize::from(!same(old, new)?);
        if let Some(value) = list(new)?.into_iter().find(|value| !value.is_finite()) {
            return wrong(format!("`{name}` has a weight that is {value}"));
        }
        if let Some(mask) = fresh.masks.get(name) {
            let pruned = list(&new.f_masked_fill(mask, 0.0)?)?;
            if pruned.iter().any(|&value| value != 0.0) {
                return wrong(format!("`{name}` has pruned weights that are not 0"));
            }
        }
    }
    let what = if init.keeps_ticket()? { "works on" } else { "replaces" };
    let all = after.len();
    match changed {
        0 => doubtful(format!("it changes none of the {all} parameters of the stage's network")),
        _ => fine(format!(
            "{what} the ticket's weights: {changed} of {all} parameters changed, in {took}"
        )),
    }
}

fn seeds(trial: &Trial<'_>, init: &Init) -> Checked {
    let seed = trial.stage.seed();
    let run = |seed| initialised(trial, init, seed);
    let (first, again, other) = (run(seed)?, run(seed)?, run(seed.wrapping_add(1))?);
    let mut depends = false;
    for (((name, first), (_, again)), (_, other)) in first.iter().zip(&again).zip(&other) {
        if !same(first, again)? {
            return wrong(format!("not deterministic: with equal seeds `{name}` differs"));
        }
        depends |= !same(first, other)?;
    }
    match depends {
        true => fine("equal seeds give equal weights, other seeds others"),
        false => fine("equal seeds give equal weights; the seed makes no difference"),
    }
}
