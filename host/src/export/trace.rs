//! A network → a [`Program`], by running it and writing down which operators were called.
//!
//! Plugins reach operators through the same door as the graph, so an activation is written down as
//! the operators it is made of, knobs as the constants that they are, and a skip that has faded not
//! at all. The network runs on two batches of other sizes and values: what differs in a way that
//! the size does not explain is an error, since the program would hold for one batch alone.

use std::collections::{BTreeMap, BTreeSet};

use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::error::ExportError;
use super::program::{Argument, Call, Input, Origin, Program, Reference, Stored, tensors_of};
use crate::model::network::Network;
use crate::model::run::Substitutes;
use crate::torch::bytes::to_bytes;
use crate::torch::op::record::{Recorded, record, recorded};
use crate::torch::{OpError, Value};

/// The sizes of the two batches. Neither is 1, which could be mistaken for a broadcast.
const BATCHES: [i64; 2] = [2, 3];

/// Writes a network down as it stands: in evaluation, knobs as they are now.
///
/// # Errors
///
/// What the network says when it runs; a node or plugin that writes in place, computes with other
/// floats than f32, or whose operators depend on the batch. Names the node and the plugin.
pub fn trace(network: &Network) -> Result<Program, ExportError> {
    let [first, second] = BATCHES.map(|batch| Tracer::new(network).run(batch));
    Ok(same(first?, second?)?.pruned())
}

/// What a tensor is known by. Two tensors with equal keys have the same elements, as long as
/// nothing is written in place; the recording keeps all of them alive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(usize, Vec<i64>, Vec<i64>, i32);

impl Key {
    fn of(tensor: &Tensor) -> Self {
        let kind = crate::torch::codes::dtype_code(tensor.kind());
        Self(tensor.data_ptr() as usize, tensor.size(), tensor.stride(), kind)
    }
}

struct Tracer<'a> {
    network: &'a Network,
    known: BTreeMap<Key, Reference>,
    /// Of tensors that may be read: what they are.
    named: BTreeMap<Key, (String, Origin)>,
    tensors: Vec<Stored>,
    names: BTreeSet<String>,
}

impl<'a> Tracer<'a> {
    fn new(network: &'a Network) -> Self {
        let parameters = network.parameters().iter();
        let parameters = parameters.map(|p| (&p.tensor, p.name.clone(), Origin::Parameter(p.role)));
        let buffers = network.buffers().iter();
        let buffers = buffers.map(|b| (&b.tensor, b.name.clone(), Origin::Buffer));
        let knobs = network.knob_tensors().into_iter();
        let knobs = knobs.map(|(name, tensor)| (tensor, name, Origin::Constant));
        let all = parameters.chain(buffers).chain(knobs);
        let named: BTreeMap<_, _> =
            all.map(|(tensor, name, origin)| (Key::of(tensor), (name, origin))).collect();
        let names = named.values().map(|(name, _)| name.clone()).collect();
        Self { network, known: BTreeMap::new(), named, tensors: Vec::new(), names }
    }

    fn run(mut self, batch: i64) -> Result<Program, ExportError> {
        let graph = &self.network.view().graph;
        let [spec] = graph.inputs.as_slice() else {
            return Err(ExportError::at("inputs", "a network with several cannot be exported"));
        };
        let input = images(&[&[batch], spec.shape.as_slice()].concat())?;
        let input = input.f_to_device(self.network.device())?;
        let mut ends = Vec::new();
        let mut observe = |node: &str, _: &Tensor| ends.push((node.to_owned(), recorded()));
        let run = || {
            let network = self.network;
            tch::no_grad(|| {
                let none = Substitutes::default();
                network.forward_observed(&input, Mode::Eval, none, Some(&mut observe))
            })
        };
        let (outputs, calls) = record(run);
        let outputs = outputs?;
        self.known.insert(Key::of(&input), Reference::Input);
        let mut program = Program {
            input: Input { name: spec.name.clone(), shape: spec.shape.clone() },
            outputs: Vec::new(),
            tensors: Vec::new(),
            calls: Vec::new(),
        };
        let mut start = 0;
        for (node, end) in ends {
            for (index, call) in calls.iter().enumerate().take(end).skip(start) {
                let is_last = index + 1 == end;
                let number = (!is_last).then_some(index - start);
                let call = self.call(&node, number, call, program.calls.len())?;
                program.calls.push(call);
            }
            start = end;
        }
        for (name, tensor) in &outputs {
            let from = self.known.get(&Key::of(tensor)).copied().ok_or_else(|| {
                ExportError::at(format!("output `{name}`"), "no operator was seen to compute it")
            })?;
            program.outputs.push((name.clone(), from));
        }
        program.tensors = self.tensors;
        Ok(program)
    }

    fn call(
        &mut self,
        node: &str,
        number: Option<usize>,
        recorded: &Recorded,
        index: usize,
    ) -> Result<Call, ExportError> {
        let name = number.map_or_else(|| node.to_owned(), |number| format!("{node}/{number}"));
        let mut call = Call {
            name,
            plugin: self.network.activation_at(node).map(str::to_owned),
            schema: recorded.schema,
            args: Vec::new(),
            shapes: Vec::new(),
        };
        if recorded.schema.args.iter().any(|spec| spec.mutable) {
            return Err(call.fail(format!("`{}` writes in place", call.operator())));
        }
        for value in &recorded.args {
            let arg = match value {
                None => Argument::Default,
                Some(Value::Tensor(tensor)) => Argument::Tensor(self.reference(node, tensor)?),
                Some(Value::TensorList(list)) => Argument::Tensors(
                    list.iter().map(|one| self.reference(node, one)).collect::<Result<_, _>>()?,
                ),
                Some(Value::OptTensorList(_)) => {
                    return Err(call.fail(format!("`{}` indexes by tensors", call.operator())));
                }
                Some(other) => Argument::Value(other.shallow_clone()),
            };
            call.args.push(arg);
        }
        let results = recorded.results.iter().flat_map(|value| tensors_of(value.shallow_clone()));
        for (part, tensor) in results.enumerate() {
            if tensor.is_floating_point() && tensor.kind() != Kind::Float {
                return Err(call.fail(format!("computes in {:?}, not in f32", tensor.kind())));
            }
            call.shapes.push(tensor.size().into_iter().map(Some).collect());
            self.known.insert(Key::of(&tensor), Reference::Result(index, part));
        }
        Ok(call)
    }

    /// What a tensor that is read is: a result, or something stored.
    fn reference(&mut self, node: &str, tensor: &Tensor) -> Result<Reference, ExportError> {
        let key = Key::of(tensor);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let (name, origin) = self.named.get(&key).cloned().unwrap_or_else(|| {
            let names = (1..).map(|number| format!("{node}.constant{number}"));
            let mut fresh = names.filter(|name| !self.names.contains(name));
            (fresh.next().unwrap_or_default(), Origin::Constant)
        });
        self.names.insert(name.clone());
        let reference = Reference::Stored(self.tensors.len());
        self.known.insert(key, reference);
        let tensor = tensor.detach().f_to_device(Device::Cpu)?;
        self.tensors.push(Stored { name, tensor, origin, mask: None });
        Ok(reference)
    }
}

/// Numbers without any regularity that a network could see, between −1 and 1.
pub(super) fn images(shape: &[i64]) -> Result<Tensor, ExportError> {
    let count = shape.iter().product::<i64>();
    let phase = shape.first().copied().unwrap_or_default() as f64;
    let steps = Tensor::f_arange(count, (Kind::Double, Device::Cpu))?;
    let waves = steps.f_mul_scalar(12.9898)?.f_add_scalar(phase)?.f_sin()?;
    Ok(waves.f_to_kind(Kind::Float)?.f_reshape(shape)?)
}

/// The one program that both are.
fn same(mut first: Program, second: Program) -> Result<Program, ExportError> {
    let differs = |what: &str| format!("{what} on one batch than on another");
    if first.calls.len() != second.calls.len() {
        return Err(ExportError::at("the network", differs("it calls other operators")));
    }
    for (one, other) in first.calls.iter_mut().zip(&second.calls) {
        if one.operator() != other.operator() {
            return Err(one.fail(differs("another operator is called")));
        }
        for index in 0..one.args.len() {
            one.args[index] = match (&one.args[index], &other.args[index]) {
                (Argument::Value(a), Argument::Value(b)) => match agree(a, b) {
                    Some(value) => Argument::Value(value),
                    None => {
                        let name = &one.schema.args[index].name;
                        return Err(one.fail(differs(&format!("`{name}` is another"))));
                    }
                },
                (Argument::Default, Argument::Default) => continue,
                (a, b) if a.references() == b.references() && !a.references().is_empty() => {
                    continue;
                }
                _ => return Err(one.fail(differs("it reads other tensors"))),
            };
        }
        for (shape, other) in one.shapes.iter_mut().zip(&other.shapes) {
            for (size, other) in shape.iter_mut().zip(other) {
                if size != other {
                    *size = None;
                }
            }
        }
    }
    for (one, other) in first.tensors.iter().zip(&second.tensors) {
        if !equal(&one.tensor, &other.tensor)? {
            let message = "it depends on the batch, or on random numbers, outside of operators; \
                           an exported network has operators alone";
            return Err(ExportError::at(format!("the constant `{}`", one.name), message));
        }
    }
    Ok(first)
}

/// The value for any batch: a size of the batch's in a shape becomes −1.
pub(super) fn agree(one: &Value, other: &Value) -> Option<Value> {
    match (one, other) {
        (Value::IntList(a), Value::IntList(b)) if a != b && a.len() == b.len() => {
            let open: Vec<usize> = (0..a.len()).filter(|&index| a[index] != b[index]).collect();
            let [only] = open.as_slice() else { return None };
            let is_batch = a[*only] * BATCHES[1] == b[*only] * BATCHES[0];
            (is_batch && !a.contains(&-1)).then(|| {
                let mut list = a.clone();
                list[*only] = -1;
                Value::IntList(list)
            })
        }
        (a, b) => (format!("{a:?}") == format!("{b:?}")).then(|| a.shallow_clone()),
    }
}

fn equal(one: &Tensor, other: &Tensor) -> Result<bool, OpError> {
    let alike = one.size() == other.size() && one.kind() == other.kind();
    Ok(alike && to_bytes(one)? == to_bytes(other)?)
}
