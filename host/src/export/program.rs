//! A network as calls of operators: what is left when graph, plugins, knobs and faded connections
//! have all been resolved.

use jackpot_plugin_api::graph::Role;
use tch::{Kind, Tensor};

use super::error::ExportError;
use crate::prune::masks::keep;
use crate::torch::op::Schema;
use crate::torch::{Arg, Op, Value};

/// Calls in order, with the tensors that they read.
#[derive(Debug)]
pub struct Program {
    pub input: Input,
    /// The first is the logits.
    pub outputs: Vec<(String, Reference)>,
    pub tensors: Vec<Stored>,
    pub calls: Vec<Call>,
}

/// What it is fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub name: String,
    /// Without the batch.
    pub shape: Vec<i64>,
}

/// A parameter, a buffer, or a constant.
#[derive(Debug)]
pub struct Stored {
    /// The state-dict name; of a constant a name that no other has.
    pub name: String,
    /// On the CPU.
    pub tensor: Tensor,
    pub origin: Origin,
    /// Of a pruned parameter: bool, true where it is kept.
    pub mask: Option<Tensor>,
}

/// Whose tensor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Parameter(Role),
    Buffer,
    /// Nobody declared it: a knob's last value, or what a plugin makes by itself.
    Constant,
}

/// A call of an operator.
#[derive(Debug)]
pub struct Call {
    /// That of the graph's node; where it is of several calls, with a number, but for the last.
    pub name: String,
    /// The plugin that called it, if it was one.
    pub plugin: Option<String>,
    pub schema: &'static Schema,
    /// One for each argument of the schema.
    pub args: Vec<Argument>,
    /// Of each result; `None` is a size that depends on the batch's.
    pub shapes: Vec<Vec<Option<i64>>>,
}

/// What is given for an argument.
#[derive(Debug)]
pub enum Argument {
    /// Nothing: the schema's default.
    Default,
    Tensor(Reference),
    Tensors(Vec<Reference>),
    /// Numbers, truth values, texts.
    Value(Value),
}

/// A tensor of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    Input,
    /// One of [`Program::tensors`].
    Stored(usize),
    /// A result of a call: which call, which of its results.
    Result(usize, usize),
}

impl Argument {
    /// The tensors in it.
    pub fn references(&self) -> &[Reference] {
        match self {
            Self::Tensor(one) => std::slice::from_ref(one),
            Self::Tensors(all) => all,
            Self::Default | Self::Value(_) => &[],
        }
    }

    fn references_mut(&mut self) -> &mut [Reference] {
        match self {
            Self::Tensor(one) => std::slice::from_mut(one),
            Self::Tensors(all) => all,
            Self::Default | Self::Value(_) => &mut [],
        }
    }
}

impl Call {
    /// The argument of that name.
    pub fn arg(&self, name: &str) -> &Argument {
        let found = self.schema.args.iter().position(|spec| spec.name == name);
        found.and_then(|index| self.args.get(index)).unwrap_or(&Argument::Default)
    }

    /// The operator with its overload: `aten::add.Tensor`.
    pub fn operator(&self) -> String {
        match self.schema.overload.as_str() {
            "" => self.schema.name.clone(),
            overload => format!("{}.{overload}", self.schema.name),
        }
    }

    /// For messages.
    pub fn place(&self) -> String {
        match &self.plugin {
            Some(plugin) => format!("activation {plugin} at node `{}`", self.name),
            None => format!("node `{}`", self.name),
        }
    }

    /// An error at this call.
    pub fn fail(&self, message: impl Into<String>) -> ExportError {
        ExportError::at(self.place(), message)
    }
}

impl Program {
    /// The outputs for a batch of inputs, `[N, …]`.
    ///
    /// # Errors
    ///
    /// What an operator says, with the node's name.
    pub fn run(&self, input: &Tensor) -> Result<Vec<Tensor>, ExportError> {
        let mut results: Vec<Vec<Tensor>> = Vec::with_capacity(self.calls.len());
        let last = self.last_reads();
        for (index, call) in self.calls.iter().enumerate() {
            let found = call.run(&|reference| self.value(reference, input, &results));
            results.push(found?);
            for &done in &last[index] {
                results[done].clear();
            }
        }
        let outputs = self.outputs.iter();
        outputs.map(|(_, from)| Ok(self.value(*from, input, &results)?.shallow_clone())).collect()
    }

    fn value<'a>(
        &'a self,
        reference: Reference,
        input: &'a Tensor,
        results: &'a [Vec<Tensor>],
    ) -> Result<&'a Tensor, ExportError> {
        let found = match reference {
            Reference::Input => Some(input),
            Reference::Stored(index) => self.tensors.get(index).map(|stored| &stored.tensor),
            Reference::Result(call, part) => results.get(call).and_then(|all| all.get(part)),
        };
        found.ok_or_else(|| ExportError::at("the program", "a result is read that is not there"))
    }

    /// For each call the calls whose results nobody reads after it.
    fn last_reads(&self) -> Vec<Vec<usize>> {
        let mut last = vec![None; self.calls.len()];
        for (index, call) in self.calls.iter().enumerate() {
            for reference in call.args.iter().flat_map(Argument::references) {
                if let Reference::Result(read, _) = reference {
                    last[*read] = Some(index);
                }
            }
        }
        for (_, output) in &self.outputs {
            if let Reference::Result(read, _) = output {
                last[*read] = None;
            }
        }
        let mut done = vec![Vec::new(); self.calls.len()];
        for (read, index) in last.into_iter().enumerate() {
            if let Some(index) = index {
                done[index].push(read);
            }
        }
        done
    }

    /// With the masks of some parameters: what they prune is +0.0.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn masked<'m>(
        mut self,
        masks: impl IntoIterator<Item = (&'m str, &'m Tensor)>,
    ) -> Result<Self, ExportError> {
        for (name, mask) in masks {
            let mask = mask.f_to_device(tch::Device::Cpu)?;
            for stored in self.tensors.iter_mut().filter(|stored| stored.name == name) {
                stored.tensor = keep(&mask, &stored.tensor)?;
                stored.mask = Some(mask.shallow_clone());
            }
        }
        Ok(self)
    }

    /// Without what the outputs do not depend on.
    pub fn pruned(mut self) -> Self {
        let mut calls = vec![false; self.calls.len()];
        let mut stored = vec![false; self.tensors.len()];
        let mut open: Vec<Reference> = self.outputs.iter().map(|(_, from)| *from).collect();
        while let Some(reference) = open.pop() {
            match reference {
                Reference::Input => {}
                Reference::Stored(index) => stored[index] = true,
                Reference::Result(index, _) if calls[index] => {}
                Reference::Result(index, _) => {
                    calls[index] = true;
                    open.extend(self.calls[index].args.iter().flat_map(Argument::references));
                }
            }
        }
        let (new_call, new_stored) = (numbers(&calls), numbers(&stored));
        let renumber = |reference: &mut Reference| match reference {
            Reference::Input => {}
            Reference::Stored(index) => *index = new_stored[*index],
            Reference::Result(index, _) => *index = new_call[*index],
        };
        retain(&mut self.calls, &calls);
        retain(&mut self.tensors, &stored);
        for call in &mut self.calls {
            call.args.iter_mut().flat_map(Argument::references_mut).for_each(renumber);
        }
        self.outputs.iter_mut().map(|(_, from)| from).for_each(renumber);
        self
    }

    /// The shape of a tensor; `None` is a size that depends on the batch's.
    pub fn shape(&self, reference: Reference) -> Vec<Option<i64>> {
        match reference {
            Reference::Input => {
                std::iter::once(None).chain(self.input.shape.iter().copied().map(Some)).collect()
            }
            Reference::Stored(index) => {
                self.tensors[index].tensor.size().into_iter().map(Some).collect()
            }
            Reference::Result(call, part) => self.calls[call].shapes[part].clone(),
        }
    }
}

/// The numbers of those that stay.
fn numbers(stays: &[bool]) -> Vec<usize> {
    let count = |next: &mut usize, &stays: &bool| {
        let own = *next;
        *next += usize::from(stays);
        Some(own)
    };
    stays.iter().scan(0, count).collect()
}

fn retain<T>(list: &mut Vec<T>, stays: &[bool]) {
    let mut flags = stays.iter();
    list.retain(|_| flags.next().copied().unwrap_or_default());
}

impl Call {
    /// Calls the operator on what `value` has for its references.
    ///
    /// # Errors
    ///
    /// What the operator says.
    pub fn run<'a>(
        &'a self,
        value: &dyn Fn(Reference) -> Result<&'a Tensor, ExportError>,
    ) -> Result<Vec<Tensor>, ExportError> {
        let lists = self
            .args
            .iter()
            .map(|arg| match arg {
                Argument::Tensors(all) => all.iter().map(|one| value(*one)).collect(),
                _ => Ok(Vec::new()),
            })
            .collect::<Result<Vec<Vec<&Tensor>>, ExportError>>()?;
        let mut named = Vec::with_capacity(self.args.len());
        for ((arg, spec), list) in self.args.iter().zip(&self.schema.args).zip(&lists) {
            let arg = match arg {
                Argument::Default => continue,
                Argument::Tensor(one) => Arg::Tensor(value(*one)?),
                Argument::Tensors(_) => Arg::TensorList(list),
                Argument::Value(value) => value.as_arg(),
            };
            named.push((spec.name.as_str(), arg));
        }
        let op = Op::find(&self.operator())?;
        let results = op.call(&[], &named).map_err(|error| self.fail(error.to_string()))?;
        Ok(results.into_iter().flat_map(tensors_of).collect())
    }
}

/// The tensors of a result.
pub(super) fn tensors_of(value: Value) -> Vec<Tensor> {
    match value {
        Value::Tensor(tensor) => vec![tensor],
        Value::TensorList(list) => list,
        _ => Vec::new(),
    }
}

/// Whether every element is the same to the bit, and which it is.
pub(super) fn uniform(tensor: &Tensor) -> Option<f64> {
    if tensor.numel() == 0 || tensor.kind() == Kind::Bool {
        return None;
    }
    let flat = tensor.f_reshape([-1]).ok()?;
    let first = flat.f_get(0).ok()?;
    let same = flat.f_eq_tensor(&first).and_then(|same| same.f_all()).ok()?;
    same.f_int64_value(&[]).ok().filter(|same| *same == 1)?;
    first.f_double_value(&[]).ok()
}
