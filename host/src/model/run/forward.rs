//! Runs a plan.

use jackpot_plugin_api::model::Mode;
use tch::Tensor;

use super::after::{After, Then};
use super::join::{Turn, Work};
use super::plan::{Call, Observe, Plan, SiteCall, SiteFunction, Source, Step};
use super::read::NormAt;
use super::statistics::NormTensors;
use super::waiting::Join;
use super::{depthwise, joined, layout};
use crate::model::error::ModelError;
use crate::torch::op::record::is_recording;
use crate::torch::{Arg, Value};

/// How a network runs.
pub struct ForwardContext<'a> {
    pub mode: Mode,
    /// Runs the plugin of a site.
    pub site: &'a SiteCall<'a>,
    /// Says what that computes, where kernels know it.
    pub function: &'a SiteFunction<'a>,
}

impl ForwardContext<'_> {
    /// Evaluation, for plans without plugins.
    pub fn evaluation() -> Self {
        Self {
            mode: Mode::Eval,
            site: &|site, _| {
                Err(ModelError::graph("a site", format!("number {site} has no plugin here")))
            },
            function: &|_, _| Ok(None),
        }
    }

    /// What follows a norm, with some images to try a plugin with. `None`: that must run by itself.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub(super) fn after(
        &self,
        then: Then,
        some: impl FnOnce() -> Result<Tensor, ModelError>,
    ) -> Result<Option<After>, ModelError> {
        Ok(match then {
            Then::Nothing => Some(After::Nothing),
            Then::Relu => Some(After::Relu),
            Then::Site(site) => {
                (self.function)(site, &some()?)?.map(|found| match found.is_relu() {
                    true => After::Relu,
                    false => After::Function(Box::new(found)),
                })
            }
        })
    }
}

/// Parameters and buffers that replace a network's own for one call, by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Substitutes<'a> {
    pub parameters: &'a [(&'a str, &'a Tensor)],
    pub buffers: &'a [(&'a str, &'a Tensor)],
}

/// A forward pass under way.
pub(super) struct Run<'a> {
    /// The results of each step that was done, by its place; those of inputs stay empty.
    pub values: Vec<Vec<Tensor>>,
    pub inputs: &'a [&'a Tensor],
    pub parameters: &'a [&'a Tensor],
    pub buffers: &'a [&'a Tensor],
    pub knobs: &'a [&'a Tensor],
    pub mode: Mode,
    /// Whether convolutions get their images in the order that suits them. Sparse kernels have an
    /// order of their own, and row-major numbers between them.
    pub suits: bool,
}

pub(super) fn run(
    plan: &Plan,
    inputs: &[&Tensor],
    parameters: &[&Tensor],
    buffers: &[&Tensor],
    knobs: &[&Tensor],
    context: &ForwardContext<'_>,
    mut observe: Option<&mut Observe<'_>>,
) -> Result<Vec<(String, Tensor)>, ModelError> {
    let mut run = Run::new(plan, inputs, parameters, buffers, knobs, context.mode)?;
    // What is written down are the graph's own operators.
    run.suits = !is_recording();
    if run.suits && observe.is_none() && run.mode != Mode::Eval {
        for turn in &plan.turns {
            run.turn(plan, turn, context)?;
        }
        return results(plan, &run);
    }
    for step in &plan.steps {
        let results = run.step(step, context)?;
        if let (Some(observe), Some(first)) = (observe.as_mut(), results.first()) {
            observe(&step.node, first);
        }
        run.keep(step, results);
    }
    results(plan, &run)
}

/// The outputs of a forward pass that is done.
pub(super) fn results(plan: &Plan, run: &Run<'_>) -> Result<Vec<(String, Tensor)>, ModelError> {
    let output = |(name, source): &(String, Source)| match source {
        Source::Value(place, part) => {
            Ok((name.clone(), run.value(name, *place, *part)?.shallow_clone()))
        }
        _ => Err(ModelError::graph(format!("output `{name}`"), "is no node's result")),
    };
    plan.outputs.iter().map(output).collect()
}

impl<'a> Run<'a> {
    pub(super) fn new(
        plan: &Plan,
        inputs: &'a [&'a Tensor],
        parameters: &'a [&'a Tensor],
        buffers: &'a [&'a Tensor],
        knobs: &'a [&'a Tensor],
        mode: Mode,
    ) -> Result<Self, ModelError> {
        if inputs.len() != plan.inputs {
            let message = format!("{} tensors for {} inputs", inputs.len(), plan.inputs);
            return Err(ModelError::graph("inputs", message));
        }
        let values = (0..plan.places).map(|_| Vec::new()).collect();
        Ok(Self { values, inputs, parameters, buffers, knobs, mode, suits: false })
    }
}

impl Run<'_> {
    pub(super) fn step(
        &self,
        step: &Step,
        context: &ForwardContext<'_>,
    ) -> Result<Vec<Tensor>, ModelError> {
        match &step.call {
            Call::Site { site, input } => match input {
                Source::Value(place, part) => {
                    (context.site)(*site, self.value(&step.node, *place, *part)?).map(|y| vec![y])
                }
                _ => Err(ModelError::at_node(&step.node, "a plugin's node reads one tensor")),
            },
            Call::Op { op, args, named } => {
                // Lists must outlive the arguments that borrow them.
                let lists = args
                    .iter()
                    .chain(named.iter().map(|(_, source)| source))
                    .map(|source| self.list(&step.node, source))
                    .collect::<Result<Vec<_>, _>>()?;
                let (first, rest) = lists.split_at(args.len());
                let mut args = args
                    .iter()
                    .zip(first)
                    .map(|(source, list)| self.arg(&step.node, source, list))
                    .collect::<Result<Vec<_>, _>>()?;
                let at_node = |source| ModelError::Node { node: step.node.clone(), source };
                let suited = match (args.as_slice(), op.name()) {
                    ([Arg::Tensor(images), Arg::Tensor(weight), ..], "aten::conv2d")
                        if self.suits =>
                    {
                        layout::suited(images, weight).map_err(at_node)?
                    }
                    _ => None,
                };
                if let Some(suited) = &suited {
                    args[0] = Arg::Tensor(suited);
                }
                let named = named
                    .iter()
                    .zip(rest)
                    .map(|((name, source), list)| {
                        Ok((name.as_str(), self.arg(&step.node, source, list)?))
                    })
                    .collect::<Result<Vec<_>, ModelError>>()?;
                let results = op.call(&args, &named).map_err(at_node)?;
                Ok(results.into_iter().flat_map(tensors).collect())
            }
        }
    }

    fn turn(
        &mut self,
        plan: &Plan,
        turn: &Turn,
        context: &ForwardContext<'_>,
    ) -> Result<(), ModelError> {
        let steps = match &turn.work {
            Work::Step(step) => std::slice::from_ref(step),
            Work::Join(join) => self.join(plan, join, context)?,
        };
        for step in steps.iter().map(|&step| &plan.steps[step]) {
            self.values[step.place] = match depthwise::step(self, step)? {
                Some(y) => vec![y],
                None => self.step(step, context)?,
            };
        }
        for &place in &turn.last_use {
            self.values[place].clear();
        }
        Ok(())
    }

    /// Computes in one go what there are kernels for, and says which of its steps are left.
    fn join<'j>(
        &mut self,
        plan: &Plan,
        join: &'j Join,
        context: &ForwardContext<'_>,
    ) -> Result<&'j [usize], ModelError> {
        let (norm, steps) = (&join.norm, join.steps.as_slice());
        let (own, conv) = steps.split_at(steps.len() - usize::from(join.conv));
        let Some(&last) = own.last() else { return Ok(steps) };
        let node = &plan.steps[last].node;
        let at_node = |error: ModelError| ModelError::at_node(node, error.to_string());
        let residual = join.residual.map(|place| self.value(node, place, 0)).transpose()?;
        let (x, tensors) = (self.value(node, norm.input, 0)?, self.norm_tensors(norm));
        if !joined::fits(x, &tensors, residual) {
            return Ok(steps);
        }
        let some = || Ok(x.f_detach()?.f_narrow(0, 0, 1)?);
        let (after, done) = match context.after(join.then, some).map_err(at_node)? {
            Some(after) => (after, own.len()),
            // The plugin runs by itself.
            None => (After::Nothing, own.len() - 1),
        };
        if let (true, Some(conv)) = (after.is_relu(), conv.first().map(|&conv| &plan.steps[conv]))
            && let Some(made) =
                depthwise::behind(self, conv, norm.spec, x, &tensors).map_err(at_node)?
        {
            self.values[conv.place] = vec![made];
            return Ok(&[]);
        }
        let Some(&last) = own[..done].last() else { return Ok(steps) };
        let made = joined::forward(norm.spec, x, &tensors, residual, after).map_err(at_node)?;
        self.values[plan.steps[last].place] = vec![made];
        Ok(&steps[done..])
    }

    pub(super) fn norm_tensors(&self, norm: &NormAt) -> NormTensors<'_> {
        let running = norm.running.map(|index| self.buffers[index]);
        NormTensors {
            weight: self.parameters[norm.weight],
            bias: self.parameters[norm.bias],
            running: (self.mode != Mode::BatchStats).then_some(running),
            training: self.mode != Mode::Eval,
        }
    }

    /// Keeps a step's results, and lets go what nobody reads afterwards.
    pub(super) fn keep(&mut self, step: &Step, results: Vec<Tensor>) {
        self.values[step.place] = results;
        for &place in &step.last_use {
            self.values[place].clear();
        }
    }

    fn list(&self, node: &str, source: &Source) -> Result<Vec<&Tensor>, ModelError> {
        match source {
            Source::Values(list) => {
                list.iter().map(|(place, part)| self.value(node, *place, *part)).collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    fn arg<'b>(
        &'b self,
        node: &str,
        source: &'b Source,
        list: &'b [&'b Tensor],
    ) -> Result<Arg<'b>, ModelError> {
        let batch_statistics = self.mode != Mode::Eval;
        Ok(match source {
            Source::Value(place, part) => Arg::Tensor(self.value(node, *place, *part)?),
            Source::Values(_) => Arg::TensorList(list),
            Source::Parameter(index) => Arg::Tensor(self.parameters[*index]),
            Source::Statistic(_) if self.mode == Mode::BatchStats => Arg::None,
            Source::Buffer(index) | Source::Statistic(index) => Arg::Tensor(self.buffers[*index]),
            Source::Knob(index) => Arg::Tensor(self.knobs[*index]),
            Source::Training => Arg::Bool(batch_statistics),
            Source::Constant(constant) => constant.arg(),
        })
    }

    /// Whether this place is one of the graph's inputs.
    pub(super) fn is_input(&self, place: usize) -> bool {
        place < self.inputs.len()
    }

    pub(super) fn value(
        &self,
        node: &str,
        place: usize,
        part: usize,
    ) -> Result<&Tensor, ModelError> {
        if let Some(input) = self.inputs.get(place) {
            return Ok(input);
        }
        self.values[place].get(part).ok_or_else(|| {
            ModelError::at_node(node, format!("reads result {part} of a node that has fewer"))
        })
    }
}

fn tensors(value: Value) -> Vec<Tensor> {
    match value {
        Value::Tensor(tensor) => vec![tensor],
        Value::TensorList(list) => list,
        _ => Vec::new(),
    }
}
