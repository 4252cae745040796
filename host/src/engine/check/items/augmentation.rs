//! Kind `augmentation`.

use tch::{Kind, Tensor};

use super::{knobs, training};
use crate::engine::check::trial::{Checked, Trial, doubtful, fine, wrong};
use crate::engine::check::values::{list, range, same, seconds, short, time};
use crate::plugin::HookContext;
use crate::plugin::border::context::Samples;
use crate::plugin::kinds::{Augmentation, BatchTensors, Common};
use crate::train::recipe::Attached;
use crate::train::{TrainError, Training};

/// How far pixels may leave [0, 1] by rounding.
const ROUNDING: f64 = 1e-5;

pub fn check(trial: &Trial<'_>) {
    let recipe = trial.recipe();
    let Ok(built) = trial.stage.training(&recipe) else {
        trial.check("form", || trial.stage.training(&recipe).map(drop).and_then(|()| fine("")));
        return;
    };
    let Some(item) = built.recipe.augmentations.first() else { return };
    let on = On { trial, training: &built, item };
    if !trial.check("form", || on.form()) {
        return;
    }
    if !item.item.instance().knobs().is_empty() {
        trial.check("knobs", || knobs(trial, &item.item));
    }
    trial.check("images", || on.images());
    trial.check("targets", || on.targets());
    trial.check("seeds", || on.seeds());
    trial.check("training", || training(trial));
    trial.check("time", || on.duration());
}

struct On<'a> {
    trial: &'a Trial<'a>,
    training: &'a Training<'a>,
    item: &'a Attached<Augmentation>,
}

impl On<'_> {
    /// The first `count` samples of a batch, augmented in that step.
    fn augment(&self, number: u64, count: usize, step: u64) -> Result<BatchTensors, TrainError> {
        let stage = self.trial.stage;
        let mut indices = stage.indices(number);
        indices.truncate(count);
        let batch = stage.batch(number)?;
        let count = indices.len() as i64;
        let first = |tensor: &Tensor| tensor.f_narrow(0, 0, count).and_then(|t| t.f_contiguous());
        let batch = BatchTensors {
            images: first(&batch.images)?,
            targets: first(&batch.targets)?,
            indices: first(&batch.indices)?,
        };
        let (progress, seed) = (stage.progress(step), stage.seed());
        let augmented =
            self.item.with(&self.training.network, progress, seed, |item, context| {
                let samples = Some(Samples { tensor: &batch.indices, values: &indices });
                item.augment(&batch, &HookContext { samples, ..context })
            })?;
        Ok(augmented)
    }

    fn whole(&self, step: u64) -> Result<BatchTensors, TrainError> {
        self.augment(0, usize::MAX, step)
    }

    fn form(&self) -> Checked {
        // The last batch of an epoch may be a short one.
        for count in [usize::MAX, 3, 1] {
            self.augment(0, count, 0)?;
        }
        fine("shape, dtype and device are kept, in batches of 16, 3 and 1")
    }

    fn images(&self) -> Checked {
        for step in 0..16 {
            let images = self.whole(step)?.images;
            if let Some(value) = list(&images)?.into_iter().find(|value| !value.is_finite()) {
                return wrong(format!("step {step} has a pixel that is {value}"));
            }
            let (low, high) = range(&images)?;
            if low < -ROUNDING || high > 1.0 + ROUNDING {
                let (low, high) = (short(low), short(high));
                return doubtful(format!(
                    "pixels reach from {low} to {high} in step {step}: images are given in [0, 1]"
                ));
            }
        }
        fine("finite, in [0, 1], in 16 steps")
    }

    fn targets(&self) -> Checked {
        for step in 0..16 {
            let batch = self.whole(step)?;
            let sums = batch.targets.f_sum_dim_intlist(&[1_i64][..], false, Kind::Double)?;
            let is_one = |sum: &f64| (sum - 1.0).abs() <= 1e-4;
            if let Some(sum) = list(&sums)?.into_iter().find(|sum| !is_one(sum)) {
                let sum = short(sum);
                return wrong(format!("in step {step} a row of targets sums to {sum}, not to 1"));
            }
            let (lowest, _) = range(&batch.targets)?;
            if lowest < -ROUNDING {
                return wrong(format!("in step {step} a target is {}", short(lowest)));
            }
            if !same(&batch.indices, &self.trial.stage.batch(0)?.indices)? {
                return doubtful("it changes the samples' indices, which later items draw by");
            }
        }
        fine("rows of targets sum to 1")
    }

    fn seeds(&self) -> Checked {
        let (first, again) = (self.whole(0)?, self.whole(0)?);
        if !(same(&first.images, &again.images)? && same(&first.targets, &again.targets)?) {
            return wrong("not deterministic: the same seed and step gave two results");
        }
        let per_epoch = self.trial.stage.progress(0).steps_per_epoch;
        for step in 1..=2 * per_epoch {
            let other = self.whole(step)?;
            if !(same(&first.images, &other.images)? && same(&first.targets, &other.targets)?) {
                return fine("equal seeds and steps give equal batches, other steps others");
            }
        }
        fine("equal seeds and steps give equal batches; so do all steps of two epochs")
    }

    fn duration(&self) -> Checked {
        let own = seconds(|| self.whole(0))?;
        fine(format!("{} a call on [16, 3, 8, 8]", time(own)))
    }
}
