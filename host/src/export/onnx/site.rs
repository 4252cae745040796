//! One call under translation: its arguments by name, and the graph that it goes to.

use super::proto::AttributeProto;
use super::writer::{Writer, data_type};
use crate::export::error::ExportError;
use crate::export::program::{Argument, Call, Program, Reference};
use crate::torch::Value;

/// The names of the ONNX values that an operator gives.
pub type Named = Result<Vec<String>, ExportError>;

/// A call and where it goes.
pub struct Site<'a> {
    pub writer: &'a mut Writer,
    pub program: &'a Program,
    pub call: &'a Call,
    /// The ONNX value of each result so far.
    pub values: &'a [Vec<String>],
    /// The ONNX value of each stored tensor; empty before it is read.
    pub stored: &'a mut [String],
}

impl Site<'_> {
    /// The operator without its namespace: `conv2d`.
    pub fn op(&self) -> &str {
        self.call.schema.name.strip_prefix("aten::").unwrap_or(&self.call.schema.name)
    }

    /// An operator that this format does not have.
    pub fn unsupported(&self, why: &str) -> ExportError {
        let operator = self.call.operator();
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        self.call.fail(format!(
            "the operator `{operator}` has no ONNX form here{why}; `--format safetensors` exports \
             every network"
        ))
    }

    fn name_of(&mut self, reference: Reference) -> Result<String, ExportError> {
        Ok(match reference {
            Reference::Input => self.program.input.name.clone(),
            Reference::Result(call, part) => self.values[call][part].clone(),
            Reference::Stored(index) => {
                if self.stored[index].is_empty() {
                    let stored = &self.program.tensors[index];
                    self.stored[index] = self.writer.store(&stored.name, &stored.tensor)?;
                }
                self.stored[index].clone()
            }
        })
    }

    /// What is given for an argument.
    pub fn reference(&self, name: &str) -> Option<Reference> {
        match self.call.arg(name) {
            Argument::Tensor(one) => Some(*one),
            _ => None,
        }
    }

    /// A tensor that may be absent.
    pub fn optional(&mut self, name: &str) -> Result<Option<String>, ExportError> {
        self.reference(name).map(|one| self.name_of(one)).transpose()
    }

    /// A tensor.
    pub fn tensor(&mut self, name: &str) -> Result<String, ExportError> {
        let found = self.optional(name)?;
        found.ok_or_else(|| self.unsupported(&format!("without `{name}`")))
    }

    /// A list of tensors.
    pub fn tensors(&mut self, name: &str) -> Result<Vec<String>, ExportError> {
        match self.call.arg(name) {
            Argument::Tensors(all) => all.iter().map(|one| self.name_of(*one)).collect(),
            _ => Err(self.unsupported(&format!("without `{name}`"))),
        }
    }

    /// The shape of a tensor argument; `None` is a size that depends on the batch's.
    pub fn shape(&self, name: &str) -> Vec<Option<i64>> {
        self.reference(name).map(|one| self.program.shape(one)).unwrap_or_default()
    }

    /// The shape of the result.
    pub fn out_shape(&self) -> Vec<Option<i64>> {
        self.call.shapes.first().cloned().unwrap_or_default()
    }

    /// A value that is no tensor: what is given, or the schema's default.
    fn value(&self, name: &str) -> Result<Value, ExportError> {
        if let Argument::Value(value) = self.call.arg(name) {
            return Ok(value.shallow_clone());
        }
        let place = self.call.schema.args.iter().position(|spec| spec.name == name);
        let default = place.map(|index| self.call.schema.default(index)).transpose()?.flatten();
        Ok(default.unwrap_or(Value::None))
    }

    /// Whole numbers; one stands for `count` of them, and none at all are none.
    pub fn ints(&self, name: &str, count: usize) -> Result<Vec<i64>, ExportError> {
        match self.value(name)? {
            Value::IntList(list) if list.len() == 1 && count > 1 => Ok(vec![list[0]; count]),
            Value::IntList(list) => Ok(list),
            Value::Int(value) => Ok(vec![value; count.max(1)]),
            Value::None => Ok(Vec::new()),
            _ => Err(self.unsupported(&format!("`{name}` is no list of whole numbers"))),
        }
    }

    /// A number that may be absent.
    pub fn maybe(&self, name: &str) -> Result<Option<f64>, ExportError> {
        match self.value(name)? {
            Value::Float(value) => Ok(Some(value)),
            Value::Int(value) => Ok(Some(value as f64)),
            Value::Bool(value) => Ok(Some(f64::from(u8::from(value)))),
            Value::None => Ok(None),
            _ => Err(self.unsupported(&format!("`{name}` is no number"))),
        }
    }

    /// A number.
    pub fn number(&self, name: &str) -> Result<f64, ExportError> {
        self.maybe(name)?.ok_or_else(|| self.unsupported(&format!("without `{name}`")))
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<i64, ExportError> {
        Ok(self.number(name)? as i64)
    }

    /// A truth value; absent is false.
    pub fn flag(&self, name: &str) -> Result<bool, ExportError> {
        Ok(self.maybe(name)?.is_some_and(|value| value != 0.0))
    }

    /// A text that may be absent.
    pub fn text(&self, name: &str) -> Result<Option<String>, ExportError> {
        match self.value(name)? {
            Value::String(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// A dtype, as ONNX numbers them.
    pub fn data_type(&self, name: &str) -> Result<Option<i32>, ExportError> {
        match self.value(name)? {
            Value::Dtype(kind) => Ok(data_type(kind)),
            _ => Ok(None),
        }
    }

    /// A dimension counted from the front, of a tensor with `rank` of them.
    pub fn axis(&self, name: &str, rank: usize) -> Result<i64, ExportError> {
        let dim = self.int(name)?;
        Ok(if dim < 0 { dim + rank as i64 } else { dim })
    }

    /// Adds a node with one result.
    pub fn emit(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.emit_many(op, inputs, attributes, 1).swap_remove(0)
    }

    /// Adds a node.
    pub fn emit_many(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
        results: usize,
    ) -> Vec<String> {
        self.writer.nodes_of(&self.call.name, op, inputs, attributes, results)
    }

    /// A number as an f32 tensor without dimensions.
    pub fn scalar(&mut self, value: f64) -> String {
        self.writer.floats(&[], &[value as f32])
    }
}
