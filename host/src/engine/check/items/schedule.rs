//! Kind `lr-schedule`.

use jackpot_plugin_api::ctx::Progress;

use super::training;
use crate::engine::check::trial::{Checked, Trial, doubtful, fine, wrong};
use crate::engine::check::values::{seconds, short, time};
use crate::plugin::kinds::LrSchedule;
use crate::train::TrainError;

const BASE: f64 = 0.1;

pub fn check(trial: &Trial<'_>) {
    let Ok(schedule) = trial.create().map(LrSchedule::new) else { return };
    if !trial.check("rates", || rates(trial, &schedule)) {
        return;
    }
    trial.check("purity", || purity(trial, &schedule));
    trial.check("lengths", || lengths(&schedule));
    trial.check("training", || training(trial));
    trial.check("time", || {
        let own = seconds(|| Ok(schedule.learning_rate(BASE, trial.stage.progress(0))?))?;
        fine(format!("{} a call", time(own)))
    });
}

/// The rate of every step of a training.
fn all(schedule: &LrSchedule, end: Progress) -> Result<Vec<f64>, TrainError> {
    let rate = |step| Ok(schedule.learning_rate(BASE, Progress { step, ..end })?);
    (0..end.total_steps).map(rate).collect()
}

fn rates(trial: &Trial<'_>, schedule: &LrSchedule) -> Checked {
    let rates = all(schedule, trial.stage.progress(0))?;
    let highest = rates.iter().copied().fold(0.0, f64::max);
    if highest == 0.0 {
        return doubtful("the rate is 0 in every step");
    }
    let (first, last) = (short(rates[0]), short(rates[rates.len() - 1]));
    fine(format!(
        "finite, not negative: from {first} to {last}, at most {}, over {} steps of base {BASE}",
        short(highest),
        rates.len()
    ))
}

fn purity(trial: &Trial<'_>, schedule: &LrSchedule) -> Checked {
    let start = trial.stage.progress(0);
    let forwards = all(schedule, start)?;
    for (step, first) in forwards.iter().enumerate().rev() {
        let progress = Progress { step: step as u64, ..start };
        let again = schedule.learning_rate(BASE, progress)?;
        if first.to_bits() != again.to_bits() {
            return wrong(format!("not pure: at step {step} it was {first}, then {again}"));
        }
    }
    fine("the same in whatever order steps are asked")
}

/// Trainings of other lengths than the stage's.
fn lengths(schedule: &LrSchedule) -> Checked {
    for (steps_per_epoch, epochs) in [(1, 1), (7, 1), (1, 10), (391, 2)] {
        let total_steps = steps_per_epoch * epochs;
        all(schedule, Progress { step: 0, steps_per_epoch, total_steps })?;
    }
    fine("trainings of 1, 7, 10 and 782 steps work, too")
}
