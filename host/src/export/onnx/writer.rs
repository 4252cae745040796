//! Collects the nodes and tensors of an ONNX graph.

use std::collections::{BTreeMap, BTreeSet};

use tch::{Kind, Tensor};

use super::proto::{AttributeProto, FLOAT, INT, INTS, NodeProto, STRING, TensorProto};
use crate::export::error::ExportError;
use crate::torch::bytes::to_bytes;

/// A graph under construction.
#[derive(Debug, Default)]
pub struct Writer {
    pub nodes: Vec<NodeProto>,
    pub initializers: Vec<TensorProto>,
    names: BTreeSet<String>,
    /// Constants that were asked for before, by their bytes and shape.
    constants: BTreeMap<(i32, Vec<i64>, Vec<u8>), String>,
}

impl Writer {
    /// A name that nothing has yet: that one, or with a number.
    pub fn fresh(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}:{number}");
        }
        name
    }

    /// Adds a node, and returns the names of its results.
    pub fn nodes_of(
        &mut self,
        name: &str,
        op: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
        results: usize,
    ) -> Vec<String> {
        let output: Vec<String> = (0..results).map(|_| self.fresh(name)).collect();
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: output.clone(),
            name: output.first().cloned(),
            op_type: Some(op.to_owned()),
            attribute: attributes,
        });
        output
    }

    /// Stores a tensor under that name, or one like it.
    ///
    /// # Errors
    ///
    /// A dtype that ONNX does not have here.
    pub fn store(&mut self, name: &str, tensor: &Tensor) -> Result<String, ExportError> {
        // A number from a plugin, which arithmetic brings to the dtype of its partner.
        let double = tensor.kind() == Kind::Double && tensor.dim() == 0;
        let tensor = if double { tensor.f_to_kind(Kind::Float)? } else { tensor.shallow_clone() };
        let data_type = data_type(tensor.kind()).ok_or_else(|| {
            ExportError::at(format!("`{name}`"), format!("is of dtype {:?}", tensor.kind()))
        })?;
        let name = self.fresh(name);
        self.push(name.clone(), data_type, tensor.size(), to_bytes(&tensor)?);
        Ok(name)
    }

    /// An f32 constant of that shape.
    pub fn floats(&mut self, shape: &[i64], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(1, shape, bytes)
    }

    /// A list of whole numbers, which many operators take as a tensor.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(7, &[values.len() as i64], bytes)
    }

    /// A whole number without dimensions.
    pub fn integer(&mut self, value: i64) -> String {
        self.constant(7, &[], value.to_le_bytes().to_vec())
    }

    fn constant(&mut self, data_type: i32, shape: &[i64], bytes: Vec<u8>) -> String {
        let key = (data_type, shape.to_vec(), bytes);
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let name = self.fresh("constant");
        self.push(name.clone(), data_type, shape.to_vec(), key.2.clone());
        self.constants.insert(key, name.clone());
        name
    }

    fn push(&mut self, name: String, data_type: i32, dims: Vec<i64>, bytes: Vec<u8>) {
        let (data_type, raw_data) = (Some(data_type), Some(bytes));
        self.initializers.push(TensorProto { dims, data_type, name: Some(name), raw_data });
    }

    /// Gives a node's result another name, if nothing has that yet.
    pub fn rename(&mut self, from: &str, to: &str) -> String {
        let made = self.nodes.iter().any(|node| node.output.iter().any(|name| name == from));
        if from == to || !made || !self.names.insert(to.to_owned()) {
            return from.to_owned();
        }
        for node in &mut self.nodes {
            let names = node.input.iter_mut().chain(&mut node.output).chain(&mut node.name);
            names.filter(|name| *name == from).for_each(|name| *name = to.to_owned());
        }
        to.to_owned()
    }
}

/// `TensorProto.DataType`.
pub fn data_type(kind: Kind) -> Option<i32> {
    let known = [
        (Kind::Float, 1),
        (Kind::Uint8, 2),
        (Kind::Int8, 3),
        (Kind::Int, 6),
        (Kind::Int64, 7),
        (Kind::Bool, 9),
        (Kind::Double, 11),
    ];
    known.iter().find(|(one, _)| *one == kind).map(|(_, code)| *code)
}

fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: Some(name.to_owned()), r#type: Some(kind), ..AttributeProto::default() }
}

/// A whole number.
pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, INT) }
}

/// Whole numbers.
pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, INTS) }
}

/// A number.
pub fn float(name: &str, value: f64) -> AttributeProto {
    AttributeProto { f: Some(value as f32), ..attribute(name, FLOAT) }
}

/// A text.
pub fn string(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec()), ..attribute(name, STRING) }
}
