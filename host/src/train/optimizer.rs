//! SGD and AdamW on ATen's fused operators, with state that can be saved.

use tch::{Kind, Tensor};

use super::error::TrainError;
use super::places::{Places, gather, scatter};
use crate::config::Optimizer as Choice;
use crate::model::Parameter;
use crate::model::state::State;
use crate::prune::Masks;
use crate::prune::masks::keep;
use crate::torch::grad::GradMode;
use crate::torch::memory_format::copied_as;
use crate::torch::{Arg, Op};
use jackpot_plugin_api::graph::Role;

/// The learning rate of a step.
#[derive(Debug, Clone, Copy)]
pub enum Rate<'a> {
    Number(f64),
    /// f32, 0-dimensional, on the device: for steps that are done again with another one.
    Tensor(&'a Tensor),
}

impl From<f64> for Rate<'_> {
    fn from(rate: f64) -> Self {
        Self::Number(rate)
    }
}

impl Rate<'_> {
    fn arg(&self) -> Arg<'_> {
        match self {
            Self::Number(rate) => Arg::Float(*rate),
            Self::Tensor(rate) => Arg::Tensor(rate),
        }
    }
}

/// An optimizer with its state.
#[derive(Debug)]
pub struct Optimizer {
    choice: Choice,
    fused: Op,
    /// The same with a tensor as learning rate.
    fused_by_tensor: Op,
    /// Momentum (SGD) or the first moment (AdamW), one per parameter.
    first: Vec<Tensor>,
    /// AdamW's second moment.
    second: Vec<Tensor>,
    /// AdamW's step counters, f32.
    steps: Vec<Tensor>,
    /// Whether weight decay acts on each parameter.
    decay: Vec<bool>,
}

impl Optimizer {
    /// With zero state.
    ///
    /// # Errors
    ///
    /// A libtorch without the fused operators.
    pub fn new(choice: &Choice, parameters: &[Parameter]) -> Result<Self, TrainError> {
        let zeros = || parameters.iter().map(|p| p.tensor.detach().zeros_like()).collect();
        let decay_norm = match choice {
            Choice::Sgd { decay_norm, .. } | Choice::Adamw { decay_norm, .. } => *decay_norm,
        };
        let decays =
            |p: &Parameter| p.decay && (decay_norm || !matches!(p.role, Role::Norm | Role::Bias));
        let decay = parameters.iter().map(decays).collect();
        let (fused, first, second, steps) = match choice {
            Choice::Sgd { momentum, .. } => {
                let first = if *momentum == 0.0 { Vec::new() } else { zeros() };
                ("aten::_fused_sgd_", first, Vec::new(), Vec::new())
            }
            Choice::Adamw { .. } => {
                let counter = |p: &Parameter| Tensor::zeros([], (Kind::Float, p.tensor.device()));
                let steps = parameters.iter().map(counter).collect();
                ("aten::_fused_adamw_", zeros(), zeros(), steps)
            }
        };
        let fused_by_tensor = Op::find(&format!("{fused}.tensor_lr"))?;
        let fused = Op::find(fused)?;
        Ok(Self { choice: choice.clone(), fused, fused_by_tensor, first, second, steps, decay })
    }

    /// One step at that learning rate. Parameters without a gradient are left alone, as in
    /// PyTorch. Gradients are masked first: the weights' and moments' zeros then stay +0.0, since
    /// decay and update of +0.0 by +0.0 are +0.0. Of parameters with `places` only the weights
    /// there are touched, which is the same.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn step<'r>(
        &mut self,
        parameters: &[Parameter],
        gradients: Vec<Option<Tensor>>,
        masks: &Masks,
        places: &Places,
        rate: impl Into<Rate<'r>>,
    ) -> Result<(), TrainError> {
        let (_no_grad, rate) = (GradMode::disable(), rate.into());
        let mut chosen = [Vec::new(), Vec::new()];
        for (index, (parameter, gradient)) in parameters.iter().zip(gradients).enumerate() {
            let Some(gradient) = gradient else { continue };
            let one = match places.get(&parameter.name) {
                Some(places) => self.compact(index, parameter, &gradient, places)?,
                None => {
                    let gradient = match masks.get(&parameter.name) {
                        Some(mask) => keep(mask, &gradient)?,
                        None => gradient,
                    };
                    let gradient = laid_out_as(&parameter.tensor, gradient)?;
                    self.one(index, parameter.tensor.shallow_clone(), gradient)
                }
            };
            chosen[usize::from(!self.decay[index])].push(one);
        }
        for (group, decay) in chosen.iter().zip([true, false]) {
            if !group.is_empty() {
                self.group(group, decay, rate)?;
            }
        }
        for one in chosen.iter().flatten() {
            let index = one.index;
            if let Some(places) = places.get(&parameters[index].name) {
                scatter(places, &one.weight, &parameters[index].tensor)?;
                let moments = [(&one.first, &self.first), (&one.second, &self.second)];
                for (own, list) in moments {
                    if let (Some(own), Some(all)) = (own, list.get(index)) {
                        scatter(places, own, all)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A parameter with its own tensors.
    fn one(&self, index: usize, weight: Tensor, gradient: Tensor) -> One {
        let of = |list: &[Tensor]| list.get(index).map(Tensor::shallow_clone);
        One { index, weight, gradient, first: of(&self.first), second: of(&self.second) }
    }

    /// Copies of its kept numbers.
    fn compact(
        &self,
        index: usize,
        parameter: &Parameter,
        gradient: &Tensor,
        places: &[u32],
    ) -> Result<One, TrainError> {
        let of = |list: &[Tensor]| list.get(index).map(|all| gather(places, all)).transpose();
        let gradient = gather(places, &laid_out_as(&parameter.tensor, gradient.shallow_clone())?)?;
        let (first, second) = (of(&self.first)?, of(&self.second)?);
        Ok(One { index, weight: gather(places, &parameter.tensor)?, gradient, first, second })
    }

    fn group(&self, chosen: &[One], decay: bool, rate: Rate<'_>) -> Result<(), TrainError> {
        let fused = match rate {
            Rate::Number(_) => &self.fused,
            Rate::Tensor(_) => &self.fused_by_tensor,
        };
        let weights: Vec<&Tensor> = chosen.iter().map(|one| &one.weight).collect();
        let gradients: Vec<&Tensor> = chosen.iter().map(|one| &one.gradient).collect();
        let first: Vec<&Tensor> = chosen.iter().filter_map(|one| one.first.as_ref()).collect();
        let second: Vec<&Tensor> = chosen.iter().filter_map(|one| one.second.as_ref()).collect();
        let steps: Vec<&Tensor> =
            chosen.iter().filter_map(|one| self.steps.get(one.index)).collect();
        let lists = [weights.as_slice(), &gradients, &first];
        let off = |value: f64| Arg::Float(if decay { value } else { 0.0 });
        match &self.choice {
            Choice::Sgd { momentum, weight_decay, nesterov, .. } => {
                fused.call(
                    &lists.map(Arg::TensorList),
                    &[
                        ("weight_decay", off(*weight_decay)),
                        ("momentum", Arg::Float(*momentum)),
                        ("lr", rate.arg()),
                        ("dampening", Arg::Float(0.0)),
                        ("nesterov", Arg::Bool(*nesterov)),
                        ("maximize", Arg::Bool(false)),
                        // The buffers begin as zeros, which the first step turns into the gradient.
                        ("is_first_step", Arg::Bool(false)),
                    ],
                )?;
            }
            Choice::Adamw { beta1, beta2, eps, weight_decay, .. } => {
                for counter in &steps {
                    let _ = counter.shallow_clone().f_add_scalar_(1.0)?;
                }
                let [weights, gradients, first] = lists;
                fused.call(
                    &[
                        Arg::TensorList(weights),
                        Arg::TensorList(gradients),
                        Arg::TensorList(first),
                        Arg::TensorList(&second),
                        Arg::TensorList(&[]),
                        Arg::TensorList(&steps),
                    ],
                    &[
                        ("lr", rate.arg()),
                        ("beta1", Arg::Float(*beta1)),
                        ("beta2", Arg::Float(*beta2)),
                        ("weight_decay", off(*weight_decay)),
                        ("eps", Arg::Float(*eps)),
                        ("amsgrad", Arg::Bool(false)),
                        ("maximize", Arg::Bool(false)),
                    ],
                )?;
            }
        }
        Ok(())
    }

    /// Sets the moments of every pruned weight to +0.0.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn apply_masks(&self, parameters: &[Parameter], masks: &Masks) -> Result<(), TrainError> {
        let _no_grad = GradMode::disable();
        for list in [&self.first, &self.second] {
            for (parameter, moment) in parameters.iter().zip(list) {
                if let Some(mask) = masks.get(&parameter.name) {
                    moment.shallow_clone().f_copy_(&keep(mask, moment)?)?;
                }
            }
        }
        Ok(())
    }

    /// Its state, list by list.
    pub fn lists(&self) -> impl Iterator<Item = (&'static str, &[Tensor])> {
        let lists = [&self.first, &self.second, &self.steps];
        ["moments", "second moments", "step counters"].into_iter().zip(lists.map(Vec::as_slice))
    }

    /// The state under the parameters' names: `momentum.conv1.weight`.
    pub fn state(&self, parameters: &[Parameter]) -> State {
        let lists = [("first", &self.first), ("second", &self.second), ("step", &self.steps)];
        let named = |(what, list): (&'static str, &Vec<Tensor>)| {
            let named = parameters.iter().zip(list);
            let one =
                |(p, t): (&Parameter, &Tensor)| (format!("{what}.{}", p.name), t.shallow_clone());
            named.map(one).collect::<Vec<_>>()
        };
        lists.into_iter().flat_map(named).collect()
    }

    /// Takes a saved state back.
    ///
    /// # Errors
    ///
    /// A tensor that is missing or has another shape.
    pub fn load(&mut self, parameters: &[Parameter], state: &State) -> Result<(), String> {
        let lists = [("first", &self.first), ("second", &self.second), ("step", &self.steps)];
        for (what, list) in lists {
            for (parameter, own) in parameters.iter().zip(list) {
                let name = format!("{what}.{}", parameter.name);
                let saved = state.get(&name).filter(|saved| saved.size() == own.size());
                let saved = saved.ok_or_else(|| format!("it lacks the optimizer's `{name}`"))?;
                own.shallow_clone().f_copy_(saved).map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }
}

/// What a step changes of one parameter: all of it, or copies of what is kept.
struct One {
    index: usize,
    weight: Tensor,
    gradient: Tensor,
    first: Option<Tensor>,
    second: Option<Tensor>,
}

/// The gradient in its parameter's memory layout: the fused operators walk through both as plain
/// memory, whatever their strides say.
fn laid_out_as(parameter: &Tensor, gradient: Tensor) -> Result<Tensor, tch::TchError> {
    if gradient.stride() == parameter.stride() {
        return Ok(gradient);
    }
    copied_as(parameter, &gradient)
}

#[cfg(test)]
mod tests;
