//! Layers under a mask on sparse kernels, with the batch norms, activations and additions between
//! them kept in the kernels' layout.
//!
//! The mathematics is that of the dense network, the order of its sums is not. A pruned weight
//! gets the gradient zero. Everything that no kernel exists for (most plugins among it) runs as before,
//! on ordinary tensors; so does all of the network where it is observed, substituted or evaluated
//! with gradients.

#[cfg(test)]
mod activation_tests;
mod blocked;
mod choose;
mod handover;
mod handovers;
mod layer;
mod measure;
mod norm;
mod run;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use self::blocked::Tools;
use self::schedule::{Layers, Schedule};
use super::forward::{ForwardContext, Run};
use super::plan::Plan;
use super::read::{ConvAt, Known, known};
use super::threads::threads;
use crate::kernels::Pool;
use crate::kernels::conv::ConvShape;
use crate::model::error::ModelError;

pub use choose::chosen;
pub use measure::{Times, measure};

/// The mask of a parameter, bool, if it has one.
pub type MaskOf<'a> = dyn Fn(&str) -> Option<&'a Tensor> + 'a;

/// A network's graph as far as kernels must know it.
pub struct Facts<'a> {
    pub plan: &'a Plan,
    /// The names of inputs and nodes have these shapes, without the batch dimension.
    pub shapes: &'a BTreeMap<String, Vec<i64>>,
    /// The names of the graph's inputs, in their order.
    pub inputs: Vec<&'a str>,
    /// Names and shapes of the parameters, in their order.
    pub parameters: Vec<(&'a str, Vec<i64>)>,
}

/// A layer that kernels exist for.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The weight's name.
    pub name: String,
    pub shape: ConvShape,
    /// Weights; all where it has no mask.
    pub kept: usize,
}

impl Facts<'_> {
    fn shape_of(&self, place: usize) -> Option<Vec<usize>> {
        let name = match self.inputs.get(place) {
            Some(name) => name,
            None => self.plan.steps.get(place - self.inputs.len())?.node.as_str(),
        };
        let sizes = self.shapes.get(name)?.iter();
        sizes.map(|&size| usize::try_from(size).ok().filter(|&size| size > 0)).collect()
    }

    /// The layers by step, with their weights' masks, where they have one.
    fn layers<'m>(&self, mask_of: &MaskOf<'m>) -> Vec<(usize, ConvAt, Option<&'m Tensor>)> {
        let layer = |(step, it)| match known(it, &|place| self.shape_of(place))? {
            Known::Conv(at) => {
                let (name, shape) = self.parameters.get(at.weight)?;
                let mask = mask_of(name).filter(|mask| mask.size() == *shape);
                Some((step, at.with_weight(shape)?, mask))
            }
            _ => None,
        };
        self.plan.steps.iter().enumerate().filter_map(layer).collect()
    }

    /// The layers that kernels could compute, each once; none of a network that is dense.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn candidates(&self, mask_of: &MaskOf<'_>) -> Result<Vec<Candidate>, ModelError> {
        let mut found: Vec<Candidate> = Vec::new();
        for (_, at, mask) in self.layers(mask_of) {
            let name = self.parameters[at.weight].0.to_owned();
            let kept = match mask {
                Some(mask) => mask.f_sum(Kind::Int64)?.int64_value(&[]).unsigned_abs() as usize,
                None => at.shape.weights(),
            };
            if found.iter().all(|other| other.name != name) {
                found.push(Candidate { name, shape: at.shape, kept });
            }
        }
        let is_dense = found.iter().all(|layer| layer.kept == layer.shape.weights());
        Ok(if is_dense { Vec::new() } else { found })
    }
}

/// The kernels of a network.
pub struct Kernels {
    tools: Arc<Tools>,
    schedule: Schedule,
    /// Of the plan without a skip's edits.
    base: Option<Schedule>,
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schedule.fmt(f)
    }
}

impl Kernels {
    /// For the layers whose weights have these names. Memory is taken over from earlier kernels of
    /// the same network.
    ///
    /// # Errors
    ///
    /// A mask or shape that the kernels do not have; threads that the system does not give.
    pub fn new(
        whole: &Facts<'_>,
        base: Option<&Facts<'_>>,
        names: &BTreeSet<String>,
        mask_of: &MaskOf<'_>,
        before: Option<&Self>,
    ) -> Result<Self, ModelError> {
        let threads = threads()?;
        let tools = match before {
            Some(before) if before.tools.threads.count() == threads.count() => before.tools.clone(),
            _ => Arc::new(Tools { threads, pool: Pool::new() }),
        };
        let schedule = |facts: &Facts<'_>| -> Result<Schedule, ModelError> {
            let found = facts.layers(mask_of).into_iter();
            let chosen: Vec<_> =
                found.filter(|(_, at, _)| names.contains(facts.parameters[at.weight].0)).collect();
            let all: Vec<ConvAt> = chosen.iter().map(|(_, at, _)| *at).collect();
            let margins = schedule::margins(&all);
            let mut layers = Layers::new();
            for (step, at, mask) in chosen {
                let whole = match mask {
                    Some(_) => None,
                    None => {
                        let shape = facts.parameters[at.weight].1.as_slice();
                        Some(Tensor::f_ones(shape, (Kind::Bool, Device::Cpu))?)
                    }
                };
                let Some(mask) = mask.or(whole.as_ref()) else { continue };
                layers.insert(step, (at, schedule::layer(&at, mask, &margins)?));
            }
            Ok(Schedule::new(facts.plan, layers, &|place| facts.shape_of(place)))
        };
        Ok(Self { tools, schedule: schedule(whole)?, base: base.map(schedule).transpose()? })
    }

    /// The outputs of the plan that these kernels were made for; with `base`, of the one without a
    /// skip's edits.
    ///
    /// # Errors
    ///
    /// An operator, kernel or plugin that fails, with the node's name.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        plan: &Plan,
        is_base: bool,
        inputs: &[&Tensor],
        parameters: &[&Tensor],
        buffers: &[&Tensor],
        knobs: &[&Tensor],
        context: &ForwardContext<'_>,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        let schedule = match &self.base {
            Some(base) if is_base => base,
            _ => &self.schedule,
        };
        let plain = Run::new(plan, inputs, parameters, buffers, knobs, context.mode)?;
        run::run(plan, schedule, &self.tools, plain, context)
    }
}
