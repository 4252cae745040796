//! Runs a schedule. A value is kept in the layout in which it was made, and in the other one as
//! soon as somebody asks for that.

use std::sync::Arc;

use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::blocked::{Blocked, Tools};
use super::handover::{AllSlots, Slots};
use super::layer::{Hooks, Layer};
use super::norm;
use super::schedule::{Entry, Schedule, Work};
use crate::model::error::ModelError;
use crate::model::run::after::After;
use crate::model::run::forward::{ForwardContext, Run, results};
use crate::model::run::plan::{Call, Plan, Source, Step};
use crate::model::run::read::{NormAt, reads};
use crate::torch::grad::GradMode;

/// The values of a forward pass under way.
struct Values<'a> {
    plan: &'a Plan,
    schedule: &'a Schedule,
    tools: &'a Arc<Tools>,
    plain: Run<'a>,
    blocked: Vec<Option<Blocked>>,
    slots: AllSlots,
    /// Whether a plugin ran by itself, which may keep its input's gradient to itself.
    is_cut: bool,
}

pub(super) fn run(
    plan: &Plan,
    schedule: &Schedule,
    tools: &Arc<Tools>,
    plain: Run<'_>,
    context: &ForwardContext<'_>,
) -> Result<Vec<(String, Tensor)>, ModelError> {
    let images = plain.inputs.first().and_then(|input| input.size().first().copied());
    let are_few = images.is_some_and(|images| images.unsigned_abs() as usize <= Layer::few());
    if are_few && plain.mode == Mode::Eval && !GradMode::is_enabled() {
        return run_singly(plan, schedule, tools, plain, context);
    }
    let blocked = (0..plan.places).map(|_| None).collect();
    let slots = AllSlots::new(&schedule.slots);
    let mut values = Values { plan, schedule, tools, plain, blocked, slots, is_cut: false };
    for entry in &schedule.entries {
        let named = |error| at_step(error, &plan.steps[entry.step].node);
        values.call(entry, context).map_err(named)?;
        for &place in &entry.last_use {
            values.plain.values[place].clear();
            values.blocked[place] = None;
        }
    }
    for (_, source) in &plan.outputs {
        if let Source::Value(place, _) = source {
            values.unblock(*place)?;
        }
    }
    results(plan, &values.plain)
}

/// A few images: layers compute each by itself, in PyTorch's layout; all else is as without kernels.
fn run_singly(
    plan: &Plan,
    schedule: &Schedule,
    tools: &Arc<Tools>,
    mut plain: Run<'_>,
    context: &ForwardContext<'_>,
) -> Result<Vec<(String, Tensor)>, ModelError> {
    for (number, step) in plan.steps.iter().enumerate() {
        let results = match schedule.layers.get(&number) {
            Some((at, layer)) => {
                let x = plain.value("a sparse layer", at.input, 0)?;
                let bias = at.bias.map(|bias| plain.parameters[bias]);
                let y = layer.single(tools, x, plain.parameters[at.weight], bias);
                vec![y.map_err(|error| at_step(error, &step.node))?]
            }
            None => plain.step(step, context)?,
        };
        plain.keep(step, results);
    }
    results(plan, &plain)
}

/// What a kernel says, with the node's name; operators say it themselves.
fn at_step(error: ModelError, node: &str) -> ModelError {
    match error {
        ModelError::Kernel(_) | ModelError::Tensor(_) | ModelError::Torch(_) => {
            ModelError::at_node(node, error.to_string())
        }
        other => other,
    }
}

impl Values<'_> {
    fn call(&mut self, entry: &Entry, context: &ForwardContext<'_>) -> Result<(), ModelError> {
        let place = self.plan.steps[entry.step].place;
        let made = match &entry.work {
            Work::Plain(step) => {
                let step = &self.plan.steps[*step];
                for read in reads(step) {
                    self.unblock(read)?;
                }
                self.plain.values[place] = self.plain.step(step, context)?;
                return Ok(());
            }
            Work::Layer { layer, input, weight, bias, normed, slots } => {
                let moments = *normed && self.plain.mode != Mode::Eval;
                let hooks = Hooks { moments, slots: self.slots.of(*slots) };
                self.layer(layer, *input, (*weight, *bias), hooks)?
            }
            Work::Norm { norm, residual, then, slots } => {
                let some = || self.one(norm.input);
                let (after, plugin) = match context.after(*then, some)? {
                    Some(after) => (after, None),
                    None => (After::Nothing, Some(&self.plan.steps[entry.step])),
                };
                let mut slots = self.slots.of(*slots);
                if self.is_cut {
                    // The layer that would take it may not be on the way back.
                    slots.branch = None;
                }
                let made = self.norm(norm, *residual, after, slots)?;
                match plugin {
                    Some(step) => self.activated(step, norm.input, made, context)?,
                    None => made,
                }
            }
            // Zero stays zero, so margins do.
            Work::Relu(input) => {
                let x = self.there(*input)?;
                x.with(x.tensor.f_relu()?)
            }
            Work::Add(a, b) => {
                let (a, b) = (self.there(*a)?, self.there(*b)?);
                a.with(a.tensor.f_add(&b.tensor)?)
            }
        };
        self.blocked[place] = Some(made);
        Ok(())
    }

    fn layer(
        &mut self,
        layer: &Arc<Layer>,
        input: usize,
        (weight, bias): (usize, Option<usize>),
        hooks: Hooks,
    ) -> Result<Blocked, ModelError> {
        if self.blocked[input].is_none() {
            let plain = self.plain.value("a sparse layer", input, 0)?;
            self.blocked[input] = Some(Blocked::up(self.tools, plain, layer.input())?);
        }
        let (parameters, x) = (self.plain.parameters, self.there(input)?);
        let bias = bias.map(|index| parameters[index]);
        layer.forward(self.tools, x, parameters[weight], bias, hooks)
    }

    fn norm(
        &self,
        norm: &NormAt,
        residual: Option<usize>,
        after: After,
        slots: Slots,
    ) -> Result<Blocked, ModelError> {
        let tensors = self.plain.norm_tensors(norm);
        let x = self.there(norm.input)?;
        let residual = residual.map(|place| self.there(place)).transpose()?;
        norm::forward(self.tools, norm.spec, x, &tensors, residual, after, slots)
    }

    /// An image of a value's form, to try a plugin with.
    fn one(&self, place: usize) -> Result<Tensor, ModelError> {
        let shape = self.shape(place, 1)?;
        Ok(Tensor::f_full(shape.as_slice(), 0.5, (Kind::Float, Device::Cpu))?)
    }

    /// That of so many images of a value in the kernels' layout.
    fn shape(&self, place: usize, images: usize) -> Result<Vec<i64>, ModelError> {
        let mut shape = vec![images as i64];
        match &self.schedule.shapes[place] {
            Some(rest) => shape.extend(rest.iter().map(|&size| size as i64)),
            None => shape.extend(&self.there(place)?.shape()[1..]),
        }
        Ok(shape)
    }

    /// A plugin that runs by itself, on ordinary images: `x`, which has that value's form.
    fn activated(
        &mut self,
        step: &Step,
        place: usize,
        x: Blocked,
        context: &ForwardContext<'_>,
    ) -> Result<Blocked, ModelError> {
        let Call::Site { site, .. } = &step.call else { return Ok(x) };
        self.is_cut = true;
        let y = (context.site)(*site, &x.down(self.tools, &self.shape(place, x.images)?)?)?;
        let made = Blocked::up(self.tools, &y, x.frame)?;
        self.plain.values[step.place] = vec![y];
        Ok(made)
    }

    /// A value in the kernels' layout.
    fn there(&self, place: usize) -> Result<&Blocked, ModelError> {
        let missing = || ModelError::graph("the sparse kernels", "a value is not in their layout");
        self.blocked[place].as_ref().ok_or_else(missing)
    }

    /// Makes sure that a value is there as an ordinary tensor.
    fn unblock(&mut self, place: usize) -> Result<(), ModelError> {
        let (Some(blocked), true) = (
            &self.blocked[place],
            self.plain.values[place].is_empty() && !self.plain.is_input(place),
        ) else {
            return Ok(());
        };
        let shape = self.shape(place, blocked.images)?;
        self.plain.values[place] = vec![blocked.down(self.tools, &shape)?];
        Ok(())
    }
}
