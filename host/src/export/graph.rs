//! A program as a graph file of the published schema, with the weights that belong to it.
//!
//! Tweaks are written out: an activation as its operators, a knob as a constant. So the file needs
//! no plugin, and Jackpot takes it as `architecture = { file = … }`.

use std::collections::{BTreeMap, BTreeSet};

use jackpot_plugin_api::graph::{
    Buffer, Graph, Initial, Input, Node, Output, Parameter, Role, SiteKind, TensorSpec,
};
use jackpot_plugin_api::tensor::Dtype;
use serde_json::{Value as Json, json};
use tch::Tensor;

use super::error::ExportError;
use super::program::{Argument, Call, Origin, Program, Reference, uniform};
use crate::model::Network;
use crate::model::graph::check;
use crate::model::state::State;
use crate::torch::Value;
use crate::torch::codes::dtype_code;

/// Arguments that follow from how a network runs.
const SUPPLIED: [&str; 3] = ["training", "train", "cudnn_enabled"];

/// The graph. `network` is what the program was traced from: it knows the parameters' roles.
///
/// # Errors
///
/// A call that the schema cannot say: a tensor behind an argument that is none.
pub fn graph(program: &Program, network: &Network) -> Result<Graph, ExportError> {
    let view = network.view();
    let mut graph = view.graph.clone();
    graph.inputs = vec![TensorSpec {
        name: program.input.name.clone(),
        shape: program.input.shape.clone(),
        dtype: "f32".to_owned(),
    }];
    let sites: BTreeSet<&str> = view
        .graph
        .nodes
        .iter()
        .filter(|node| node.site == Some(SiteKind::Activation))
        .map(|node| node.id.as_str())
        .collect();
    declare(&mut graph, program, network)?;
    graph.nodes.clear();
    for call in &program.calls {
        let site = call.plugin.is_none() && sites.contains(call.name.as_str());
        node(program, call, site, &mut graph.nodes)?;
    }
    let output = |(name, from): &(String, Reference)| Output {
        name: name.clone(),
        from: value_name(program, *from),
    };
    graph.outputs = program.outputs.iter().map(output).collect();
    check(&graph)?;
    Ok(graph)
}

/// The tensors of the graph that are not made by it: under their state-dict names, pruned weights
/// +0.0.
pub fn weights(program: &Program, network: &Network, graph: &Graph) -> State {
    let mut state = network.stored_state();
    for stored in &program.tensors {
        state.insert(stored.name.clone(), stored.tensor.shallow_clone());
    }
    let declared: BTreeSet<&str> = graph
        .parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .chain(graph.buffers.iter().map(|buffer| buffer.name.as_str()))
        .collect();
    let made = |name: &str| {
        let stored = program.tensors.iter().find(|stored| stored.name == name);
        stored.is_some_and(|stored| {
            stored.origin == Origin::Constant && uniform(&stored.tensor).is_some()
        })
    };
    state.retain(|name, _| declared.contains(name.as_str()) && !made(name));
    state
}

/// The masks, under the weights' names.
pub fn masks(program: &Program) -> State {
    let mask = |stored: &super::program::Stored| {
        Some((stored.name.clone(), stored.mask.as_ref()?.shallow_clone()))
    };
    program.tensors.iter().filter_map(mask).collect()
}

/// Brings the declared tensors to what the program has: shapes, tensors of plugins, constants.
fn declare(graph: &mut Graph, program: &Program, network: &Network) -> Result<(), ExportError> {
    let shapes: BTreeMap<&str, Vec<i64>> =
        program.tensors.iter().map(|one| (one.name.as_str(), one.tensor.size())).collect();
    let parameters = graph.parameters.iter_mut().map(|p| (&p.name, &mut p.shape));
    let buffers = graph.buffers.iter_mut().map(|b| (&b.name, &mut b.shape));
    for (name, shape) in parameters.chain(buffers) {
        if let Some(own) = shapes.get(name.as_str()) {
            shape.clone_from(own);
        }
    }
    let known: BTreeSet<String> = graph
        .parameters
        .iter()
        .map(|parameter| parameter.name.clone())
        .chain(graph.buffers.iter().map(|buffer| buffer.name.clone()))
        .collect();
    for stored in program.tensors.iter().filter(|stored| !known.contains(&stored.name)) {
        let (name, shape) = (stored.name.clone(), stored.tensor.size());
        let dtype = dtype(&stored.name, &stored.tensor)?;
        let init = Initial::constant(uniform(&stored.tensor).unwrap_or_default());
        if let Origin::Parameter(role) = stored.origin {
            let decay = network.parameter(&name).is_none_or(|parameter| parameter.decay);
            let (role, prunable) = (if role == Role::Norm { Role::Other } else { role }, false);
            graph.parameters.push(Parameter { name, shape, dtype, role, decay, prunable, init });
        } else {
            graph.buffers.push(Buffer { name, shape, dtype, init });
        }
    }
    Ok(())
}

fn dtype(name: &str, tensor: &Tensor) -> Result<String, ExportError> {
    match Dtype::from_code(dtype_code(tensor.kind())) {
        Dtype::Other(_) => {
            let message = format!("is of dtype {:?}, which a graph does not have", tensor.kind());
            Err(ExportError::at(format!("`{name}`"), message))
        }
        dtype => Ok(dtype.name().to_owned()),
    }
}

/// A node's name for a tensor that is no parameter.
fn value_name(program: &Program, reference: Reference) -> String {
    match reference {
        Reference::Input => program.input.name.clone(),
        Reference::Stored(index) => program.tensors[index].name.clone(),
        Reference::Result(call, 0) => program.calls[call].name.clone(),
        Reference::Result(call, part) => format!("{}:{part}", program.calls[call].name),
    }
}

/// A call as a node; where it needs them, with nodes before it that give a parameter's value.
fn node(
    program: &Program,
    call: &Call,
    site: bool,
    nodes: &mut Vec<Node>,
) -> Result<(), ExportError> {
    let computed = |arg: &Argument| {
        let mut all = arg.references().iter();
        all.any(|reference| !matches!(reference, Reference::Stored(_)))
    };
    // A graph gives computed tensors by place, so that all before the last of them are, too.
    let by_place = call.args.iter().rposition(computed).map_or(0, |last| last + 1);
    let mut made = Node::new(call.name.clone(), &call.operator(), &[]);
    for (place, (arg, spec)) in call.args.iter().zip(&call.schema.args).enumerate() {
        match arg {
            _ if SUPPLIED.contains(&spec.name.as_str()) => {}
            Argument::Tensor(reference) if place < by_place => {
                let name = by_name(program, call, &spec.name, *reference, nodes);
                made.inputs.push(Input::One(name));
            }
            Argument::Tensors(all) if place < by_place => {
                let name = |(number, reference): (usize, &Reference)| {
                    by_name(program, call, &format!("{}{number}", spec.name), *reference, nodes)
                };
                made.inputs.push(Input::Many(all.iter().enumerate().map(name).collect()));
            }
            _ if place < by_place => {
                let message = format!(
                    "`{}` has a tensor behind `{}`, which a graph file cannot say",
                    made.op, spec.name
                );
                return Err(call.fail(message));
            }
            Argument::Default => {}
            Argument::Tensor(reference) => {
                made.params.insert(spec.name.clone(), value_name(program, *reference));
            }
            Argument::Tensors(_) => {
                return Err(call.fail(format!("`{}` reads a list of parameters", made.op)));
            }
            Argument::Value(value) => {
                let value = json_of(value).ok_or_else(|| {
                    call.fail(format!("`{}` of `{}` is no JSON", spec.name, made.op))
                })?;
                made.attrs.insert(spec.name.clone(), value);
            }
        }
    }
    made.site = site.then_some(SiteKind::Activation);
    nodes.push(made);
    Ok(())
}

/// The name of a tensor for `inputs`; a parameter gets a node that gives its value.
fn by_name(
    program: &Program,
    call: &Call,
    argument: &str,
    reference: Reference,
    nodes: &mut Vec<Node>,
) -> String {
    let name = value_name(program, reference);
    if !matches!(reference, Reference::Stored(_)) {
        return name;
    }
    let id = format!("{}/{argument}", call.name);
    let mut copy = Node::new(id.clone(), "aten::clone", &[]);
    copy.params.insert("self".to_owned(), name);
    nodes.push(copy);
    id
}

fn json_of(value: &Value) -> Option<Json> {
    let number = |value: f64| match value {
        _ if value.is_nan() => json!("nan"),
        f64::INFINITY => json!("inf"),
        f64::NEG_INFINITY => json!("-inf"),
        _ => json!(value),
    };
    Some(match value {
        Value::None => Json::Null,
        Value::Int(value) => json!(value),
        Value::Float(value) => number(*value),
        Value::Bool(value) => json!(value),
        Value::String(text) => json!(text),
        Value::IntList(list) => json!(list),
        Value::FloatList(list) => list.iter().map(|value| number(*value)).collect(),
        Value::BoolList(list) => json!(list),
        Value::Dtype(kind) => json!(Dtype::from_code(dtype_code(*kind)).name()),
        _ => return None,
    })
}
