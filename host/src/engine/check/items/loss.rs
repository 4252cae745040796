//! Kind `loss`.

use tch::{Kind, Tensor};

use super::{knobs, training};
use crate::engine::check::gradient;
use crate::engine::check::trial::{Checked, Trial, doubtful, fine, wrong};
use crate::engine::check::values::{list, normal, same, seconds, short, time};
use crate::plugin::kinds::{Common, Loss};
use crate::train::loss::cross_entropy;
use crate::train::recipe::Attached;
use crate::train::{TrainError, Training};

const IMAGES: i64 = 6;
const CLASSES: i64 = 4;

pub fn check(trial: &Trial<'_>) {
    let recipe = trial.recipe();
    let Ok(built) = trial.stage.training(&recipe) else {
        trial.check("form", || trial.stage.training(&recipe).map(drop).and_then(|()| fine("")));
        return;
    };
    let Some(item) = &built.recipe.loss else { return };
    let Ok(teacher) = item.item.needs_teacher() else { return };
    let on = On { trial, training: &built, item, teacher };
    if !trial.check("form", || on.form()) {
        return;
    }
    if !item.item.instance().knobs().is_empty() {
        trial.check("knobs", || knobs(trial, &item.item));
    }
    trial.check("extremes", || on.extremes());
    trial.check("gradient", || on.gradient());
    trial.check("mean", || on.mean());
    trial.check("seeds", || on.seeds());
    trial.check("training", || training(trial));
    trial.check("time", || on.duration());
}

struct On<'a> {
    trial: &'a Trial<'a>,
    training: &'a Training<'a>,
    item: &'a Attached<Loss>,
    teacher: bool,
}

/// What a loss is given.
struct Given {
    logits: Tensor,
    teacher: Tensor,
    targets: Tensor,
}

impl On<'_> {
    fn given(&self, kind: Kind, images: i64, size: f64) -> Result<Given, TrainError> {
        let device = self.trial.stage.device();
        let numbers = |number| normal(&[images, CLASSES], number, kind, device);
        // Mixed targets, as augmentations give them.
        let targets = numbers(12)?.f_softmax(1, kind)?;
        let logits = numbers(10)?.f_mul_scalar(size)?;
        Ok(Given { logits, teacher: numbers(11)?, targets })
    }

    /// The loss, in whatever form it is given.
    fn value(&self, given: &Given, logits: &Tensor) -> Result<Tensor, TrainError> {
        let mut outputs = vec![("logits", logits)];
        if self.teacher {
            outputs.push(("teacher", &given.teacher));
        }
        let (progress, seed) = (self.trial.stage.progress(0), self.trial.stage.seed());
        let network = &self.training.network;
        Ok(self.item.with(network, progress, seed, |loss, context| {
            loss.value(&outputs, &[("target", &given.targets)], &context)
        })?)
    }

    fn number(&self, given: &Given) -> Result<f64, TrainError> {
        Ok(self.value(given, &given.logits)?.f_double_value(&[])?)
    }

    fn form(&self) -> Checked {
        let given = self.given(Kind::Float, IMAGES, 1.0)?;
        let logits = given.logits.copy().set_requires_grad(true);
        let loss = self.value(&given, &logits)?;
        self.item.item.scalar(&loss, &logits)?;
        let value = loss.f_double_value(&[])?;
        if !value.is_finite() {
            return wrong(format!("the loss is {value}"));
        }
        let teacher = if self.teacher { ", from a teacher" } else { "" };
        match loss.requires_grad() {
            true => fine(format!("one finite f32 number{teacher}: {}", short(value))),
            false => {
                wrong("the loss has no gradient: it does not depend on the logits (detached?)")
            }
        }
    }

    fn extremes(&self) -> Checked {
        for size in [0.0, 100.0, 1e4] {
            let given = self.given(Kind::Float, IMAGES, size)?;
            let value = self.number(&given)?;
            if !value.is_finite() {
                return doubtful(format!("the loss is {value} for logits of about {size}"));
            }
        }
        fine("finite for logits of any size up to 10000")
    }

    fn gradient(&self) -> Checked {
        let double = self.given(Kind::Double, IMAGES, 1.0)?;
        let runs =
            self.value(&double, &double.logits).is_ok_and(|loss| loss.kind() == Kind::Double);
        let given = if runs { double } else { self.given(Kind::Float, IMAGES, 1.0)? };
        let logits = [("logit".to_owned(), given.logits.shallow_clone())];
        gradient::check(&|moved| self.value(&given, &moved[0]), &logits)
    }

    /// The same images twice are the same mean.
    fn mean(&self) -> Checked {
        let given = self.given(Kind::Float, IMAGES, 1.0)?;
        let twice = |tensor: &Tensor| Tensor::f_cat(&[tensor, tensor], 0);
        let double = Given {
            logits: twice(&given.logits)?,
            teacher: twice(&given.teacher)?,
            targets: twice(&given.targets)?,
        };
        let (one, two) = (self.number(&given)?, self.number(&double)?);
        match (one - two).abs() <= 1e-4 * one.abs().max(1e-3) {
            true => fine("the mean over the batch"),
            false => doubtful(format!(
                "no mean over the batch: {} for some images, {} for the same twice",
                short(one),
                short(two)
            )),
        }
    }

    fn seeds(&self) -> Checked {
        let given = self.given(Kind::Float, IMAGES, 1.0)?;
        let (first, again) =
            (self.value(&given, &given.logits)?, self.value(&given, &given.logits)?);
        match same(&first, &again)? {
            true => fine("the same inputs, seed and step give the same loss"),
            false => {
                let (first, again) = (list(&first)?, list(&again)?);
                wrong(format!("not deterministic: {first:?}, then {again:?} for the same inputs"))
            }
        }
    }

    fn duration(&self) -> Checked {
        let given = self.given(Kind::Float, 128, 1.0)?;
        let own = seconds(|| self.value(&given, &given.logits))?;
        let built_in = seconds(|| Ok(cross_entropy(&given.logits, &given.targets)?))?;
        let times = own / built_in.max(1e-9);
        fine(format!("{} a call on 128 images, {times:.1} times cross-entropy's", time(own)))
    }
}
