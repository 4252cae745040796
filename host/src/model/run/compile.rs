//! From a graph to a plan: operators looked up, arguments bound, attributes checked.

use std::collections::HashMap;

use jackpot_plugin_api::graph::{Graph, Input, Node};

use super::attribute::Constant;
use super::join;
use super::plan::{Call, Plan, Source, Step};
use super::read::{last_uses, reads};
use crate::model::error::ModelError;
use crate::torch::Op;
use crate::torch::op::{ArgSpec, ArgType, Schema};

/// Says whether a plugin runs at a node, and under which number.
pub type SiteOf<'a> = dyn FnMut(&Node) -> Result<Option<usize>, ModelError> + 'a;

impl Plan {
    /// Compiles a checked graph. `site` decides which nodes are plugin calls.
    ///
    /// # Errors
    ///
    /// An operator or attribute that does not exist, or an argument that is missing.
    pub fn compile(graph: &Graph, site: &mut SiteOf<'_>) -> Result<Self, ModelError> {
        let mut compiler = Compiler::new(graph);
        let mut steps = Vec::new();
        for node in &graph.nodes {
            let call = match site(node)? {
                Some(site) => Call::Site { site, input: compiler.site_input(node)? },
                None => compiler.operator(node)?,
            };
            let place = compiler.places.len();
            compiler.places.insert(node.id.clone(), place);
            steps.push(Step { node: node.id.clone(), call, place, last_use: Vec::new() });
        }
        let outputs = graph
            .outputs
            .iter()
            .map(|output| Ok((output.name.clone(), compiler.value(&output.from)?)))
            .collect::<Result<Vec<_>, ModelError>>()?;
        let places = compiler.places.len();
        let knobs = compiler.knobs;
        let last_uses = last_uses(steps.iter().map(reads), &outputs, places);
        for (step, last_use) in steps.iter_mut().zip(last_uses) {
            step.last_use = last_use;
        }
        let turns = join::turns(&steps, &outputs, places);
        Ok(Self { steps, turns, places, inputs: graph.inputs.len(), outputs, knobs })
    }
}

struct Compiler {
    places: HashMap<String, usize>,
    parameters: HashMap<String, usize>,
    buffers: HashMap<String, usize>,
    knobs: Vec<String>,
}

impl Compiler {
    fn new(graph: &Graph) -> Self {
        fn numbered<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<String, usize> {
            names.enumerate().map(|(index, name)| (name.clone(), index)).collect()
        }
        Self {
            places: numbered(graph.inputs.iter().map(|input| &input.name)),
            parameters: numbered(graph.parameters.iter().map(|parameter| &parameter.name)),
            buffers: numbered(graph.buffers.iter().map(|buffer| &buffer.name)),
            knobs: Vec::new(),
        }
    }

    fn operator(&mut self, node: &Node) -> Result<Call, ModelError> {
        if node.op.starts_with("plugin:") {
            let message = format!("there is no plugin for `{}` here", node.op);
            return Err(ModelError::at_node(&node.id, message));
        }
        let op = Op::find(&node.op)
            .map_err(|source| ModelError::Node { node: node.id.clone(), source })?;
        let schema = choose(op, node)?;
        let op =
            exact(schema).map_err(|source| ModelError::Node { node: node.id.clone(), source })?;
        refuse_random(node, schema)?;
        let mut bound: Vec<Option<Source>> = Vec::with_capacity(schema.args.len());
        for (index, spec) in schema.args.iter().enumerate() {
            bound.push(self.bind(node, index, spec)?);
        }
        let (mut args, mut named) = (Vec::new(), Vec::new());
        let is_given = |index: usize| bound[index].is_some() && !schema.args[index].kwarg_only;
        let positional = (0..bound.len()).rev().find(|&index| is_given(index)).map_or(0, |i| i + 1);
        for (index, (source, spec)) in bound.into_iter().zip(&schema.args).enumerate() {
            match source {
                Some(source) if spec.kwarg_only => named.push((spec.name.clone(), source)),
                Some(source) => args.push(source),
                None if index < positional => args.push(default(node, schema, index)?),
                None => {
                    // Where it has no default, this says so.
                    if !spec.has_default {
                        default(node, schema, index)?;
                    }
                }
            }
        }
        Ok(Call::Op { op, args, named })
    }

    /// What the node says of an argument.
    fn bind(
        &mut self,
        node: &Node,
        index: usize,
        spec: &ArgSpec,
    ) -> Result<Option<Source>, ModelError> {
        let by_input = node.inputs.get(index);
        let by_name = node.params.get(&spec.name);
        let by_attr = node.attrs.get(&spec.name);
        let given = usize::from(by_input.is_some())
            + usize::from(by_name.is_some())
            + usize::from(by_attr.is_some());
        if given > 1 {
            let message = format!("the argument `{}` is given twice", spec.name);
            return Err(ModelError::at_node(&node.id, message));
        }
        if let Some(input) = by_input {
            return self.input(input).map(Some);
        }
        if let Some(name) = by_name {
            return Ok(Some(self.tensor(name, spec)));
        }
        if let Some(json) = by_attr {
            let constant =
                Constant::read(spec, json).map_err(|e| ModelError::at_node(&node.id, e))?;
            return Ok(Some(Source::Constant(constant)));
        }
        Ok(supplied(spec))
    }

    fn input(&mut self, input: &Input) -> Result<Source, ModelError> {
        match input {
            Input::One(name) => match name.strip_prefix("knob:") {
                Some(knob) => Ok(Source::Knob(self.knob(knob))),
                None => self.value(name),
            },
            Input::Many(names) => names
                .iter()
                .map(|name| self.position(name))
                .collect::<Result<_, _>>()
                .map(Source::Values),
            Input::Other(json) => {
                let message = format!("reads {json}, which is neither a name nor a list of names");
                Err(ModelError::graph("a node", message))
            }
        }
    }

    fn knob(&mut self, name: &str) -> usize {
        if let Some(index) = self.knobs.iter().position(|known| known == name) {
            return index;
        }
        self.knobs.push(name.to_owned());
        self.knobs.len() - 1
    }

    fn value(&self, name: &str) -> Result<Source, ModelError> {
        self.position(name).map(|(place, part)| Source::Value(place, part))
    }

    fn position(&self, name: &str) -> Result<(usize, usize), ModelError> {
        let (base, part) = name.split_once(':').unwrap_or((name, "0"));
        match (self.places.get(base), part.parse()) {
            (Some(&place), Ok(part)) => Ok((place, part)),
            _ => Err(ModelError::graph("a node", format!("reads `{name}`, which nothing gives"))),
        }
    }

    fn tensor(&self, name: &str, spec: &ArgSpec) -> Source {
        match (self.parameters.get(name), self.buffers.get(name)) {
            (Some(&index), _) => Source::Parameter(index),
            (None, Some(&index)) if spec.name.starts_with("running_") => Source::Statistic(index),
            (None, index) => Source::Buffer(index.copied().unwrap_or_default()),
        }
    }

    fn site_input(&mut self, node: &Node) -> Result<Source, ModelError> {
        match node.inputs.as_slice() {
            [Input::One(name)] => self.value(name),
            _ => Err(ModelError::at_node(&node.id, "a plugin's node reads exactly one tensor")),
        }
    }
}

/// Numbers of libtorch's own generators would differ after a resume, and between equal runs.
fn refuse_random(node: &Node, schema: &Schema) -> Result<(), ModelError> {
    let dropout = node.attrs.get("dropout_p").and_then(serde_json::Value::as_f64);
    if schema.always_random() || (schema.random && dropout.is_some_and(|p| p != 0.0)) {
        let message = format!(
            "`{}` draws numbers from libtorch's generator, so that equal runs would differ; use a \
             plugin that draws them with ctx.rng()",
            node.op
        );
        return Err(ModelError::at_node(&node.id, message));
    }
    Ok(())
}

/// Arguments that follow from how the network runs and not from the graph.
fn supplied(spec: &ArgSpec) -> Option<Source> {
    match (spec.name.as_str(), spec.ty) {
        ("training" | "train", ArgType::Bool) => Some(Source::Training),
        ("cudnn_enabled", ArgType::Bool) => {
            Some(Source::Constant(Constant::default(crate::torch::Value::Bool(true))))
        }
        _ => None,
    }
}

/// The overload that has all of the node's arguments.
fn choose(op: Op, node: &Node) -> Result<&'static Schema, ModelError> {
    let names = || node.params.keys().chain(node.attrs.keys());
    let has = |schema: &Schema, name: &str| schema.args.iter().any(|spec| spec.name == name);
    let fits = |schema: &&Schema| {
        let tensors = schema.args.iter().take(node.inputs.len());
        node.inputs.len() <= schema.args.len()
            && names().all(|name| has(schema, name))
            && tensors.zip(&node.inputs).all(|(spec, input)| match input {
                Input::One(_) => spec.ty == ArgType::Tensor,
                Input::Many(_) => matches!(spec.ty, ArgType::TensorList | ArgType::OptTensorList),
                Input::Other(_) => false,
            })
    };
    let schemas = op.schemas();
    if let Some(schema) = schemas.iter().find(fits) {
        return Ok(schema);
    }
    let unknown = names().find(|name| !schemas.iter().any(|schema| has(schema, name)));
    let message = match (unknown, schemas) {
        (Some(name), _) => {
            let mut known: Vec<_> = schemas
                .iter()
                .flat_map(|schema| schema.args.iter().filter(|spec| !spec.mutable))
                .map(|spec| format!("`{}`", spec.name))
                .collect();
            known.sort();
            known.dedup();
            format!("`{}` has no argument `{name}`; it has {}", node.op, known.join(", "))
        }
        (None, [only]) => format!(
            "its {} inputs do not fit the operator's schema {}",
            node.inputs.len(),
            only.text
        ),
        (None, _) => format!("no overload of `{}` takes these inputs and arguments", node.op),
    };
    Err(ModelError::at_node(&node.id, message))
}

/// The operator with just that overload.
fn exact(schema: &Schema) -> Result<Op, crate::torch::OpError> {
    if schema.overload.is_empty() {
        return Op::find(&schema.name);
    }
    Op::find(&format!("{}.{}", schema.name, schema.overload))
}

fn default(node: &Node, schema: &Schema, index: usize) -> Result<Source, ModelError> {
    let value = schema
        .default(index)
        .map_err(|source| ModelError::Node { node: node.id.clone(), source })?;
    match value {
        Some(value) => Ok(Source::Constant(Constant::default(value))),
        None => {
            let name = &schema.args[index].name;
            let message =
                format!("the argument `{name}` is missing; the schema is {}", schema.text);
            Err(ModelError::at_node(&node.id, message))
        }
    }
}
