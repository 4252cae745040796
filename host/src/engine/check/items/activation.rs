//! Kind `activation`.

use jackpot_plugin_api::ctx::Site;
use jackpot_plugin_api::declared::DeclaredTensor;
use tch::{Kind, Tensor};

use super::{knobs, training};
use crate::engine::check::gradient;
use crate::engine::check::trial::{Checked, Trial, doubtful, fine, words, wrong};
use crate::engine::check::values::{list, normal, same, seconds, short, time};
use crate::engine::stage::Stage;
use crate::plugin::HookContext;
use crate::plugin::kinds::{Activation, Common};
use crate::torch::grad::{GradMode, GradOptions, grad};
use crate::train::TrainError;

const SHAPES: [&[i64]; 4] = [&[4, 8, 6, 6], &[2, 3, 5, 7], &[4, 16], &[1, 1]];

pub fn check(trial: &Trial<'_>) {
    let Ok(activation) = trial.create().map(Activation::new) else { return };
    if !trial.check("form", || form(trial, &activation)) {
        return;
    }
    if !activation.instance().knobs().is_empty() {
        trial.check("knobs", || knobs(trial, &activation));
    }
    trial.check("values", || values(trial, &activation));
    trial.check("extremes", || extremes(trial, &activation));
    trial.check("gradient", || derivatives(trial, &activation));
    trial.check("second", || second(trial, &activation));
    trial.check("purity", || purity(trial, &activation));
    trial.check("training", || training(trial));
    trial.check("time", || duration(trial, &activation));
}

/// An activation at a site, with what it declares there.
struct Place<'a> {
    stage: &'a Stage,
    activation: &'a Activation,
    site: Site,
    declared: Vec<(DeclaredTensor, Tensor)>,
}

impl<'a> Place<'a> {
    /// Where inputs have that shape, batch included; declared tensors in that dtype.
    fn new(
        trial: &Trial<'a>,
        activation: &'a Activation,
        shape: &[i64],
        kind: Kind,
    ) -> Result<Self, TrainError> {
        let stage = trial.stage;
        let site = Site { name: "relu".to_owned(), shape: shape[1..].to_vec() };
        let make = |one: DeclaredTensor| -> Result<_, TrainError> {
            let tensor = Tensor::f_full(&one.shape, one.value, (kind, stage.device()))?;
            Ok((one, tensor))
        };
        let declared = activation.declared(&site, stage.seed())?.into_iter().map(make);
        let declared = declared.collect::<Result<_, TrainError>>()?;
        Ok(Self { stage, activation, site, declared })
    }

    fn forward(&self, x: &Tensor, step: u64, is_training: bool) -> Result<Tensor, TrainError> {
        let own: Vec<_> = self.declared.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
        self.forward_with(x, &own, step, is_training)
    }

    /// With other values of the declared tensors.
    fn forward_with(
        &self,
        x: &Tensor,
        declared: &[Tensor],
        step: u64,
        is_training: bool,
    ) -> Result<Tensor, TrainError> {
        let progress = self.stage.progress(step);
        // As in a network that is converted to f64.
        let kind = if x.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        let mut knobs = Vec::new();
        for name in self.activation.instance().knobs() {
            let value = self.activation.knob(name, progress)?;
            let knob = Tensor::f_full([0_i64; 0], value, (kind, self.stage.device()))?;
            knobs.push((name.as_str(), knob));
        }
        let names = self.declared.iter().map(|(one, _)| one.name.as_str());
        let tensors = names.zip(declared).chain(knobs.iter().map(|(name, knob)| (*name, knob)));
        let tensors: Vec<(&str, &Tensor)> = tensors.collect();
        let name = self.activation.name();
        let context = HookContext {
            training: is_training,
            device: self.stage.device(),
            site: Some(&self.site),
            tensors: &tensors,
            ..HookContext::plain(name, "activation/check", progress, self.stage.seed())
        };
        Ok(self.activation.forward(x, &context)?)
    }
}

fn form(trial: &Trial<'_>, activation: &Activation) -> Checked {
    let device = trial.stage.device();
    for shape in SHAPES {
        for kind in [Kind::Float, Kind::Double, Kind::BFloat16] {
            let state = if kind == Kind::Double { Kind::Double } else { Kind::Float };
            let place = Place::new(trial, activation, shape, state)?;
            let _ = place.forward(&normal(shape, 0, kind, device)?, 0, true)?;
        }
    }
    fine("shape, dtype and device are kept: images and vectors, f32, f64, bf16")
}

fn values(trial: &Trial<'_>, activation: &Activation) -> Checked {
    let x = normal(&[64, 16], 1, Kind::Float, trial.stage.device())? * 3.0;
    let place = Place::new(trial, activation, &[64, 16], Kind::Float)?;
    for step in [0, trial.stage.progress(0).total_steps - 1] {
        let y = place.forward(&x, step, true)?;
        if let Some((x, y)) = not_finite(&x, &y)? {
            return wrong(format!("the result at x = {x} is {y}"));
        }
    }
    fine("finite for inputs of usual size")
}

/// The first x with a y that is not finite.
fn not_finite(x: &Tensor, y: &Tensor) -> Result<Option<(String, f64)>, TrainError> {
    let (x, y) = (list(x)?, list(y)?);
    Ok(x.iter().zip(y).find(|(_, y)| !y.is_finite()).map(|(x, y)| (short(*x), y)))
}

fn extremes(trial: &Trial<'_>, activation: &Activation) -> Checked {
    let x = [-1e4_f32, -1e3, -100.0, 0.0, 100.0, 1e3, 1e4];
    let shape = [1, x.len() as i64];
    let x = Tensor::from_slice(&x).f_reshape(shape)?.f_to_device(trial.stage.device())?;
    let place = Place::new(trial, activation, &shape, Kind::Float)?;
    let leaf = x.copy().set_requires_grad(true);
    let y = place.forward(&leaf, 0, true)?;
    if let Some((x, y)) = not_finite(&x, &y)? {
        return doubtful(format!("the result at x = {x} is {y}"));
    }
    if y.requires_grad() {
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        let slope = grad(&[&y.f_sum(Kind::Float)?], &[&leaf], None, options)?.into_iter().next();
        if let Some(slope) = slope.flatten()
            && let Some((x, slope)) = not_finite(&x, &slope)?
        {
            return doubtful(format!("the derivative at x = {x} is {slope}"));
        }
    }
    fine("finite up to ±10000, derivatives too")
}

/// Inputs for derivatives: not near 0, where many functions have a kink.
fn inputs(trial: &Trial<'_>, shape: &[i64]) -> Result<Tensor, TrainError> {
    let x = normal(shape, 2, Kind::Double, trial.stage.device())?;
    Ok(x.f_add(&x.f_sign()?.f_mul_scalar(0.05)?)?)
}

fn derivatives(trial: &Trial<'_>, activation: &Activation) -> Checked {
    const SHAPE: [i64; 4] = [2, 4, 3, 3];
    let place = Place::new(trial, activation, &SHAPE, Kind::Double)?;
    let weights = normal(&SHAPE, 3, Kind::Double, trial.stage.device())?;
    let trained: Vec<usize> =
        (0..place.declared.len()).filter(|&index| place.declared[index].0.trainable).collect();
    let mut all = vec![("x".to_owned(), inputs(trial, &SHAPE)?)];
    for &index in &trained {
        let (one, tensor) = &place.declared[index];
        all.push((format!("`{}`", one.name), tensor.shallow_clone()));
    }
    let value = |moved: &[Tensor]| -> Result<Tensor, TrainError> {
        let mut declared: Vec<_> = place.declared.iter().map(|(_, t)| t.shallow_clone()).collect();
        for (&index, tensor) in trained.iter().zip(&moved[1..]) {
            declared[index] = tensor.shallow_clone();
        }
        let y = place.forward_with(&moved[0], &declared, 0, true)?;
        Ok(y.f_mul(&weights)?.f_sum(Kind::Double)?)
    };
    gradient::check(&value, &all)
}

fn second(trial: &Trial<'_>, activation: &Activation) -> Checked {
    const SHAPE: [i64; 2] = [4, 6];
    let place = Place::new(trial, activation, &SHAPE, Kind::Double)?;
    let x = inputs(trial, &SHAPE)?.set_requires_grad(true);
    let y = place.forward(&x, 0, true)?.f_sum(Kind::Double)?;
    let run = || -> Result<Option<Tensor>, TrainError> {
        let twice = GradOptions { create_graph: true, allow_unused: true, ..Default::default() };
        let first = grad(&[&y], &[&x], None, twice)?.into_iter().next().flatten();
        let Some(first) = first.filter(Tensor::requires_grad) else { return Ok(None) };
        let norm = first.f_square()?.f_sum(Kind::Double)?;
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        Ok(grad(&[&norm], &[&x], None, options)?.into_iter().next().flatten())
    };
    if !y.requires_grad() {
        return fine("none: the result has no derivative");
    }
    match run() {
        Ok(Some(found)) => match not_finite(&x, &found)? {
            Some((x, value)) => doubtful(format!("the second derivative at x = {x} is {value}")),
            None => fine("second derivatives run and are finite"),
        },
        Ok(None) => fine("second derivatives are zero"),
        Err(error) => doubtful(format!(
            "no second derivative, which grasp and others need: {}",
            words(&error)
        )),
    }
}

fn purity(trial: &Trial<'_>, activation: &Activation) -> Checked {
    const SHAPE: [i64; 4] = [4, 8, 6, 6];
    let x = normal(&SHAPE, 4, Kind::Float, trial.stage.device())?;
    let place = Place::new(trial, activation, &SHAPE, Kind::Float)?;
    let before = x.copy();
    let first = place.forward(&x, 0, true)?.copy();
    if !same(&x, &before)? {
        return wrong("it changes its input in place");
    }
    let _ = place.forward(&(&x * 2.0), 0, true)?;
    let again = place.forward(&x, 0, true)?;
    if !same(&first, &again)? {
        return wrong("not pure: the same input gave two results");
    }
    match same(&first, &place.forward(&x, 0, false)?)? {
        true => fine("the same input gives the same result, in training and evaluation"),
        false => fine("the same input gives the same result; evaluation differs from training"),
    }
}

fn duration(trial: &Trial<'_>, activation: &Activation) -> Checked {
    const SHAPE: [i64; 4] = [32, 32, 16, 16];
    let x = normal(&SHAPE, 5, Kind::Float, trial.stage.device())?;
    let place = Place::new(trial, activation, &SHAPE, Kind::Float)?;
    let _unrecorded = GradMode::disable();
    let wait = || match trial.stage.device() {
        tch::Device::Cuda(index) => crate::torch::cuda::synchronize(index),
        _ => Ok(()),
    };
    let own = seconds(|| {
        let _ = place.forward(&x, 0, true)?;
        Ok(wait()?)
    })?;
    let relu = seconds(|| {
        let _ = x.f_relu()?;
        Ok(wait()?)
    })?;
    let times = own / relu.max(1e-9);
    fine(format!("{} a call on {SHAPE:?}, {times:.1} times that of ReLU", time(own)))
}
