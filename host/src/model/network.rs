//! A network: its tensors, its compiled graph, and the plugins inside it.

use std::collections::BTreeMap;

use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::graph::GraphView;
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::build::declare_at;
use super::error::ModelError;
use super::initial;
use super::knobs::KnobSet;
use super::run::sparse::Kernels;
use super::run::{ForwardContext, Observe, Plan, Substitutes};
use super::sites::{Place, SiteContext, SiteItem, SiteState};
use super::store::{Buffer, Parameter};
use crate::plugin::kinds::{Common, Skip};
use crate::torch::OpError;
use crate::torch::memory_format::MemoryFormat;

/// An executable network.
#[derive(Debug)]
pub struct Network {
    pub(super) view: GraphView,
    pub(super) plan: Plan,
    /// The graph and plan without the skip's edits, for when they no longer act.
    pub(super) base: Option<(GraphView, Plan)>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) buffers: Vec<Buffer>,
    pub(super) sites: Vec<SiteState>,
    pub(super) items: Vec<SiteItem>,
    pub(super) skip: Option<(Skip, KnobSet)>,
    pub(super) progress: Progress,
    pub(super) seed: u64,
    pub(super) device: Device,
    /// Training forward passes that `num_batches_tracked` does not have yet; see
    /// [`Network::count_forward`].
    pub(super) forwards: u64,
    pub(super) autocast: bool,
    /// What computes its layers when it is pruned; `None`: dense operators.
    pub(super) kernels: Option<Kernels>,
}

/// The tensors that an item declared, by its own names.
pub type Declared = Vec<(String, Place)>;

impl Network {
    /// The graph with shapes: with the skip's edits, unless they no longer act.
    pub fn view(&self) -> &GraphView {
        match &self.base {
            Some((view, _)) if !self.skip_acts() => view,
            _ => &self.view,
        }
    }

    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    pub fn device(&self) -> Device {
        self.device
    }

    /// Gives every parameter and buffer other first values than [`Network::build`] does, of the
    /// same distributions.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn reinitialise(&mut self) -> Result<(), ModelError> {
        let graph = &self.view.graph;
        let declared = graph.parameters.iter().map(|p| (&p.name, &p.shape, &p.dtype, p.init));
        let buffers = graph.buffers.iter().map(|b| (&b.name, &b.shape, &b.dtype, b.init));
        let own = self.parameters.iter().map(|p| (&p.name, &p.tensor));
        let own: BTreeMap<_, _> =
            own.chain(self.buffers.iter().map(|b| (&b.name, &b.tensor))).collect();
        for (name, shape, dtype, init) in declared.chain(buffers) {
            if let Some(tensor) = own.get(name) {
                let fresh = initial::again(name, shape, dtype, init, self.seed, self.device)?;
                tch::no_grad(|| tensor.shallow_clone().f_copy_(&fresh))?;
            }
        }
        Ok(())
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Converts parameters, buffers and knobs to f32 or f64; whole numbers stay what they are. The
    /// tensors are new ones, so an optimizer that was made before does not fit any more.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn convert_to(&mut self, kind: Kind) -> Result<(), ModelError> {
        let convert = |tensor: &Tensor| tensor.detach().f_to_kind(kind);
        for parameter in &mut self.parameters {
            parameter.tensor = convert(&parameter.tensor)?.set_requires_grad(true);
        }
        for buffer in self.buffers.iter_mut().filter(|b| b.tensor.is_floating_point()) {
            buffer.tensor = convert(&buffer.tensor)?;
        }
        self.items.iter_mut().for_each(|item| item.knobs.convert_to(kind));
        self.skip.iter_mut().for_each(|(_, knobs)| knobs.convert_to(kind));
        Ok(())
    }

    /// Lays parameters of four dimensions out in that order. The tensors are new ones where
    /// something changes, as for [`Network::convert_to`].
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn lay_out(&mut self, format: MemoryFormat) -> Result<(), OpError> {
        for parameter in self.parameters.iter_mut().filter(|p| p.tensor.dim() == 4) {
            if !format.holds(&parameter.tensor)? {
                let tensor = tch::no_grad(|| format.apply(&parameter.tensor.detach()))?;
                parameter.tensor = tensor.set_requires_grad(true);
            }
        }
        Ok(())
    }

    /// Makes the tensors that an item outside the graph declares, such as a loss.
    ///
    /// # Errors
    ///
    /// What the item's hook says.
    pub fn declare(&mut self, item: &dyn Common, site: &Site) -> Result<Declared, ModelError> {
        let store = (&mut self.parameters, &mut self.buffers);
        declare_at(item, site, self.seed, self.device, store)
    }

    /// A declared tensor.
    pub fn at(&self, place: Place) -> &Tensor {
        match place {
            Place::Parameter(index) => &self.parameters[index].tensor,
            Place::Buffer(index) => &self.buffers[index].tensor,
        }
    }

    /// Says whether forward passes run under autocast.
    pub fn set_autocast(&mut self, on: bool) {
        self.autocast = on;
    }

    /// Training forward passes so far.
    pub fn forwards(&self) -> u64 {
        self.forwards
    }

    /// Says how many training forward passes there were.
    pub fn set_forwards(&mut self, forwards: u64) {
        self.forwards = forwards;
    }

    /// Counts a training forward pass. PyTorch adds 1 to each `num_batches_tracked` at every
    /// pass; here one number stands for all of them until the state is stored.
    pub fn count_forward(&mut self) {
        self.forwards += 1;
    }

    /// Moves all knobs to that point of the training.
    ///
    /// # Errors
    ///
    /// What a knob's hook says.
    pub fn set_progress(&mut self, progress: Progress) -> Result<(), ModelError> {
        self.progress = progress;
        for item in &mut self.items {
            item.knobs.update(&item.activation, progress)?;
        }
        if let Some((skip, knobs)) = &mut self.skip {
            knobs.update(skip, progress)?;
        }
        Ok(())
    }

    /// The knobs' values, for the metrics: `swish.beta`, `ghost-skip.alpha`.
    pub fn knob_values(&self) -> Vec<(String, f64)> {
        let named = |item: &str, knobs: &KnobSet| -> Vec<(String, f64)> {
            knobs.values().map(|(name, value)| (format!("{item}.{name}"), value)).collect()
        };
        let sites = self.items.iter().flat_map(|item| named(item.activation.name(), &item.knobs));
        let skip = self.skip.iter().flat_map(|(skip, knobs)| named(skip.name(), knobs));
        sites.chain(skip).collect()
    }

    /// The knobs' tensors, by the names of [`Network::knob_values`].
    pub fn knob_tensors(&self) -> Vec<(String, &Tensor)> {
        let sites = self.items.iter().map(|item| (item.activation.name(), &item.knobs));
        let skip = self.skip.iter().map(|(skip, knobs)| (skip.name(), knobs));
        let all = sites.chain(skip).flat_map(|(item, knobs)| {
            knobs.tensors().map(move |(name, tensor)| (format!("{item}.{name}"), tensor))
        });
        all.collect()
    }

    /// The activation plugin that runs at a node, if one does.
    pub fn activation_at(&self, node: &str) -> Option<&str> {
        let state = self.sites.iter().find(|state| state.site.name == node)?;
        Some(self.items[state.item].activation.name())
    }

    /// Whether a skip's edits act at this point of the training.
    pub fn skip_acts(&self) -> bool {
        self.skip.as_ref().is_some_and(|(_, knobs)| !knobs.all_zero())
    }

    /// The outputs by name; the first is what the loss sees. Layers for which kernels were made
    /// ([`Network::use_kernels`]) run on them.
    ///
    /// # Errors
    ///
    /// An operator or plugin that fails, with the node's name.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Vec<(String, Tensor)>, ModelError> {
        match &self.kernels {
            Some(kernels) if self.can_use_kernels(input, mode) => {
                self.run(mode, Substitutes::default(), &mut |plan, tensors, context| {
                    let Tensors { parameters, buffers, knobs } = tensors;
                    let is_base = self.base.is_some() && !self.skip_acts();
                    kernels.run(plan, is_base, &[input], parameters, buffers, knobs, context)
                })
            }
            _ => self.forward_dense(input, mode),
        }
    }

    /// As [`Network::forward`], with dense operators alone.
    ///
    /// # Errors
    ///
    /// As [`Network::forward`].
    pub fn forward_dense(
        &self,
        input: &Tensor,
        mode: Mode,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        self.forward_with(input, mode, Substitutes::default())
    }

    /// As [`Network::forward_dense`], with other parameters or buffers for some.
    ///
    /// # Errors
    ///
    /// As [`Network::forward`], or a name that the network does not have.
    pub fn forward_with(
        &self,
        input: &Tensor,
        mode: Mode,
        substitutes: Substitutes<'_>,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        self.forward_observed(input, mode, substitutes, None)
    }

    /// As [`Network::forward_with`]; `observe` sees each node's first result.
    ///
    /// # Errors
    ///
    /// As [`Network::forward_with`].
    pub fn forward_observed(
        &self,
        input: &Tensor,
        mode: Mode,
        substitutes: Substitutes<'_>,
        mut observe: Option<&mut Observe<'_>>,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        self.run(mode, substitutes, &mut |plan, tensors, context| {
            let Tensors { parameters, buffers, knobs } = tensors;
            let observe = observe.take();
            plan.run_observed(&[input], parameters, buffers, knobs, context, observe)
        })
    }

    /// Calls `with` with the plan that acts, its tensors and its plugins.
    pub(super) fn run(
        &self,
        mode: Mode,
        substitutes: Substitutes<'_>,
        with: &mut With<'_>,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        let parameters = replace(
            self.parameters.iter().map(|p| (p.name.as_str(), &p.tensor)),
            substitutes.parameters,
        )?;
        let buffers = replace(
            self.buffers.iter().map(|b| (b.name.as_str(), &b.tensor)),
            substitutes.buffers,
        )?;
        let plan = match &self.base {
            Some((_, base)) if !self.skip_acts() => base,
            _ => &self.plan,
        };
        let knobs: Vec<&Tensor> = match &self.skip {
            Some((_, knobs)) => plan.knobs().iter().filter_map(|name| knobs.tensor(name)).collect(),
            None => Vec::new(),
        };
        let call = SiteContext {
            training: mode == Mode::Train,
            progress: self.progress,
            seed: self.seed,
            device: self.device,
            parameters: &parameters,
            buffers: &buffers,
            autocast: self.autocast,
        };
        let site = |number: usize, x: &Tensor| {
            let state = &self.sites[number];
            state.forward(&self.items[state.item], x, &call)
        };
        let function = |number: usize, some: &Tensor| {
            let state = &self.sites[number];
            state.function(&self.items[state.item], some, &call)
        };
        let context = ForwardContext { mode, site: &site, function: &function };
        with(plan, &Tensors { parameters: &parameters, buffers: &buffers, knobs: &knobs }, &context)
    }
}

/// The tensors of a forward pass, in the plan's order.
pub(super) struct Tensors<'a> {
    pub parameters: &'a [&'a Tensor],
    pub buffers: &'a [&'a Tensor],
    pub knobs: &'a [&'a Tensor],
}

/// What is done with a plan, its tensors and plugins.
pub(super) type With<'a> = dyn FnMut(&Plan, &Tensors<'_>, &ForwardContext<'_>) -> Result<Vec<(String, Tensor)>, ModelError>
    + 'a;

/// A network's own tensors with some replaced.
fn replace<'a>(
    own: impl Iterator<Item = (&'a str, &'a Tensor)>,
    substitutes: &[(&'a str, &'a Tensor)],
) -> Result<Vec<&'a Tensor>, ModelError> {
    let mut used = 0;
    let chosen = own
        .map(|(name, tensor)| match substitutes.iter().find(|(other, _)| *other == name) {
            Some((_, other)) => {
                used += 1;
                *other
            }
            None => tensor,
        })
        .collect::<Vec<_>>();
    if used == substitutes.len() {
        return Ok(chosen);
    }
    let names: Vec<_> = substitutes.iter().map(|(name, _)| *name).collect();
    let message = format!("some of these are not the network's, or are given twice: {names:?}");
    Err(ModelError::graph("substituted tensors", message))
}
