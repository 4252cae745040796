//! A network: its tensors, its compiled graph, and the plugins inside it.

use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::graph::{Graph, GraphView, Node, Role, SiteKind};
use jackpot_plugin_api::manifest::Kind;
use jackpot_plugin_api::model::Mode;
use tch::{Device, Tensor};

use super::error::ModelError;
use super::graph::{check, edits, shapes};
use super::initial;
use super::knobs::KnobSet;
use super::run::{ForwardContext, Plan, Substitutes};
use super::sites::{Place, SiteContext, SiteItem, SiteState};
use super::store::{Buffer, Owner, Parameter};
use crate::plugin::Registry;
use crate::plugin::kinds::{Activation, Common, Skip};

/// What a recipe puts into a network.
#[derive(Debug)]
pub struct BuildOptions<'a> {
    /// At every activation site; `None`: what the graph says.
    pub activation: Option<Activation>,
    pub skip: Option<Skip>,
    /// For plugins that the graph itself names.
    pub registry: Option<&'a Registry>,
    pub seed: u64,
    pub device: Device,
    /// The training that the network is for; its first step.
    pub start: Progress,
}

/// An executable network.
#[derive(Debug)]
pub struct Network {
    view: GraphView,
    plan: Plan,
    /// The graph and plan without the skip's edits, for when they no longer act.
    base: Option<(GraphView, Plan)>,
    parameters: Vec<Parameter>,
    buffers: Vec<Buffer>,
    sites: Vec<SiteState>,
    items: Vec<SiteItem>,
    skip: Option<(Skip, KnobSet)>,
    progress: Progress,
    seed: u64,
    device: Device,
    /// Training forward passes that `num_batches_tracked` does not have yet; see
    /// [`Network::count_forward`].
    forwards: u64,
}

/// The tensors that an item declared, by its own names.
pub type Declared = Vec<(String, Place)>;

impl Network {
    /// Checks, rewrites and compiles a graph, and fills its tensors with their first values.
    ///
    /// # Errors
    ///
    /// A graph, edit or plugin that does not fit, before anything is trained.
    pub fn build(graph: &Graph, options: BuildOptions<'_>) -> Result<Self, ModelError> {
        check(graph)?;
        let before = shapes::infer(graph)?;
        let mut builder = Builder::new(&options, &before);
        builder.declare(graph, Owner::Graph)?;
        let (view, skip) = match options.skip {
            Some(skip) => {
                let asked = skip.rewrite(&before, options.seed)?;
                let rewires = asked.rewires.clone();
                let merged = edits::merge(graph, asked, skip.name())?;
                let after = shapes::infer(&merged)?;
                edits::same_shapes(&rewires, &before, &after, skip.name())?;
                builder.declare(&merged, Owner::Skip)?;
                let knobs = KnobSet::new(&skip, options.device, options.start)?;
                (after, Some((skip, knobs)))
            }
            None => (before.clone(), None),
        };
        if let Some(activation) = options.activation {
            builder.items.push(SiteItem::new(activation, options.device, options.start)?);
        }
        let replaced = !builder.items.is_empty();
        let plan = Plan::compile(&view.graph, &mut |node| builder.site(node, &view, replaced))?;
        let base = match &skip {
            Some(_) => {
                let plan = Plan::compile(graph, &mut |node| builder.site(node, &view, replaced))?;
                Some((before, plan))
            }
            None => None,
        };
        if let Some((skip, knobs)) = &skip
            && let Some(unknown) = plan.knobs().iter().find(|name| knobs.tensor(name).is_none())
        {
            let message = format!("a node reads the knob `{unknown}`, which it does not declare");
            return Err(ModelError::Edits { item: skip.name().to_owned(), message });
        }
        let Builder { parameters, buffers, sites, items, .. } = builder;
        let (progress, seed, device) = (options.start, options.seed, options.device);
        let forwards = 0;
        Ok(Self {
            view,
            plan,
            base,
            parameters,
            buffers,
            sites,
            items,
            skip,
            progress,
            seed,
            device,
            forwards,
        })
    }

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

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
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

    /// Whether a skip's edits act at this point of the training.
    pub fn skip_acts(&self) -> bool {
        self.skip.as_ref().is_some_and(|(_, knobs)| !knobs.all_zero())
    }

    /// The outputs by name; the first is what the loss sees.
    ///
    /// # Errors
    ///
    /// An operator or plugin that fails, with the node's name.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Vec<(String, Tensor)>, ModelError> {
        self.forward_with(input, mode, Substitutes::default())
    }

    /// As [`Network::forward`], with other parameters or buffers for some.
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
        observe: Option<&mut dyn FnMut(&str, &Tensor)>,
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
        };
        let site = |number: usize, x: &Tensor| {
            let state = &self.sites[number];
            state.forward(&self.items[state.item], x, &call)
        };
        let context = ForwardContext { mode, site: &site };
        plan.run_observed(&[input], &parameters, &buffers, &knobs, &context, observe)
    }
}

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

/// Collects a network's parts.
struct Builder<'a> {
    registry: Option<&'a Registry>,
    seed: u64,
    device: Device,
    start: Progress,
    shapes: GraphView,
    parameters: Vec<Parameter>,
    buffers: Vec<Buffer>,
    sites: Vec<SiteState>,
    items: Vec<SiteItem>,
}

impl<'a> Builder<'a> {
    fn new(options: &BuildOptions<'a>, view: &GraphView) -> Self {
        Self {
            registry: options.registry,
            seed: options.seed,
            device: options.device,
            start: options.start,
            shapes: view.clone(),
            parameters: Vec::new(),
            buffers: Vec::new(),
            sites: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Makes the tensors that a graph declares and that are not there yet.
    fn declare(&mut self, graph: &Graph, owner: Owner) -> Result<(), ModelError> {
        for p in graph.parameters.iter().skip(self.parameters.len()) {
            let tensor =
                initial::tensor(&p.name, &p.shape, &p.dtype, p.init, self.seed, self.device)?;
            self.parameters.push(Parameter {
                name: p.name.clone(),
                tensor: tensor.set_requires_grad(true),
                role: p.role,
                decay: p.decay,
                prunable: p.prunable,
                owner,
            });
        }
        for b in graph.buffers.iter().skip(self.buffers.len()) {
            let tensor =
                initial::tensor(&b.name, &b.shape, &b.dtype, b.init, self.seed, self.device)?;
            self.buffers.push(Buffer { name: b.name.clone(), tensor, owner });
        }
        Ok(())
    }

    /// Which plugin runs at a node, with its declared tensors made.
    fn site(
        &mut self,
        node: &Node,
        view: &GraphView,
        replaced: bool,
    ) -> Result<Option<usize>, ModelError> {
        if let Some(known) = self.sites.iter().position(|state| state.site.name == node.id) {
            return Ok(Some(known));
        }
        let item = match (node.op.strip_prefix("plugin:"), node.site) {
            (Some(reference), _) => self.named_item(node, reference)?,
            (None, Some(SiteKind::Activation)) if replaced => 0,
            _ => return Ok(None),
        };
        let shape = view.shape(&node.id).or_else(|| self.shapes.shape(&node.id));
        let site = Site { name: node.id.clone(), shape: shape.unwrap_or_default().to_vec() };
        let declared = self.declare_at(item, &site)?;
        let name = self.items[item].activation.name().to_owned();
        self.sites.push(SiteState::new(site, item, &name, declared));
        Ok(Some(self.sites.len() - 1))
    }

    /// The plugin that a graph's node names: `activation:swish`, parameters in its attributes.
    fn named_item(&mut self, node: &Node, reference: &str) -> Result<usize, ModelError> {
        let fail = |message: String| Err(ModelError::at_node(&node.id, message));
        let Some(name) = reference.strip_prefix("activation:") else {
            return fail(format!("`plugin:{reference}`: only activations can be a node"));
        };
        let Some(registry) = self.registry else {
            return fail(format!("there is no plugin for `plugin:{reference}` here"));
        };
        let params = node.attrs.clone().into_iter().collect();
        let instance = registry.create(Kind::Activation, name, &params)?;
        let item = SiteItem::new(Activation::new(instance), self.device, self.start)?;
        self.items.push(item);
        Ok(self.items.len() - 1)
    }

    fn declare_at(&mut self, item: usize, site: &Site) -> Result<Declared, ModelError> {
        let store = (&mut self.parameters, &mut self.buffers);
        declare_at(&self.items[item].activation, site, self.seed, self.device, store)
    }
}

/// Makes an item's tensors as parameters and buffers named `item.site.tensor`.
fn declare_at(
    item: &dyn Common,
    site: &Site,
    seed: u64,
    device: Device,
    (parameters, buffers): (&mut Vec<Parameter>, &mut Vec<Buffer>),
) -> Result<Declared, ModelError> {
    let mut places = Vec::new();
    for one in item.declared(site, seed)? {
        let tensor = Tensor::f_full(&one.shape, one.value, (tch::Kind::Float, device))?;
        let name = format!("{}.{}.{}", item.name(), site.name, one.name);
        let place = if one.trainable {
            parameters.push(Parameter {
                name,
                tensor: tensor.set_requires_grad(true),
                role: Role::Other,
                decay: one.decay,
                prunable: false,
                owner: Owner::Item,
            });
            Place::Parameter(parameters.len() - 1)
        } else {
            buffers.push(Buffer { name, tensor, owner: Owner::Item });
            Place::Buffer(buffers.len() - 1)
        };
        places.push((one.name, place));
    }
    Ok(places)
}
