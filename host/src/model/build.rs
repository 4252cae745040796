//! From a graph and a recipe's items to a network.

use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::graph::{Graph, GraphView, Node, Role, SiteKind};
use jackpot_plugin_api::manifest::Kind;
use tch::{Device, Tensor};

use super::error::ModelError;
use super::graph::{check, edits, shapes};
use super::initial;
use super::knobs::KnobSet;
use super::network::{Declared, Network};
use super::run::Plan;
use super::sites::{Place, SiteItem, SiteState};
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
                let after = shapes::infer(&merged)
                    .map_err(|error| edits::refused(skip.name(), error.to_string()))?;
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
            autocast: false,
            kernels: None,
        })
    }
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
pub(super) fn declare_at(
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
