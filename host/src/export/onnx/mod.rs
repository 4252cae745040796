//! A program as an ONNX model: operators of opset 17, f32, the size of the batch left open.
//!
//! Operators that ONNX has are taken as they are; the others are written out in those (swish,
//! mish, GELU). What has no form is an error that names the node, the plugin and the operator.

mod operators;
pub mod proto;
mod site;
mod writer;

use prost::Message;

use super::error::ExportError;
use super::program::{Program, Reference};
use proto::{
    DimensionProto, GraphProto, ModelProto, OperatorSetIdProto, Size, StringStringEntryProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use site::Site;
use writer::Writer;

/// The version of ONNX's operators.
const OPSET: i64 = 17;
/// The version of the file format that goes with it.
const IR_VERSION: i64 = 8;
/// What the size of the batch is called.
const BATCH: &str = "batch";

/// The bytes of an ONNX file. `about` goes into its metadata.
///
/// # Errors
///
/// An operator without an ONNX form; more than the 2 GiB that a file can hold.
pub fn encode(program: &Program, about: &[(String, String)]) -> Result<Vec<u8>, ExportError> {
    let mut writer = Writer::default();
    let input = writer.fresh(&program.input.name);
    let mut values: Vec<Vec<String>> = Vec::with_capacity(program.calls.len());
    let mut stored = vec![String::new(); program.tensors.len()];
    for call in &program.calls {
        let writer = &mut writer;
        let mut site = Site { writer, program, call, values: &values, stored: &mut stored };
        let names = operators::write(&mut site)?;
        values.push(names);
    }
    let mut output = Vec::new();
    for (name, from) in &program.outputs {
        let found = match from {
            Reference::Result(call, part) => values[*call][*part].clone(),
            _ => return Err(ExportError::at(format!("output `{name}`"), "is no node's result")),
        };
        let mut named = writer.rename(&found, name);
        for value in values.iter_mut().flatten().filter(|value| **value == found) {
            value.clone_from(&named);
        }
        if named != *name {
            // It is the input, or another output already.
            named = writer.nodes_of(name, "Identity", &[&named], Vec::new(), 1).swap_remove(0);
        }
        output.push(info(&named, program.shape(*from)));
    }
    let graph = GraphProto {
        node: writer.nodes,
        name: Some("jackpot".to_owned()),
        initializer: writer.initializers,
        input: vec![info(&input, program.shape(Reference::Input))],
        output,
    };
    let entry = |(key, value): &(String, String)| StringStringEntryProto {
        key: Some(key.clone()),
        value: Some(value.clone()),
    };
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("jackpot".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: about.iter().map(entry).collect(),
    };
    if i32::try_from(model.encoded_len()).is_err() {
        let message = "an ONNX file holds at most 2 GiB; `--format safetensors` holds more";
        return Err(ExportError::at("the network", message));
    }
    Ok(model.encode_to_vec())
}

fn info(name: &str, shape: Vec<Option<i64>>) -> ValueInfoProto {
    let size = |size: Option<i64>| DimensionProto {
        value: Some(size.map_or_else(|| Size::Param(BATCH.to_owned()), Size::Value)),
    };
    let shape = TensorShapeProto { dim: shape.into_iter().map(size).collect() };
    let tensor = TensorTypeProto { elem_type: Some(1), shape: Some(shape) };
    let r#type = Some(TypeProto { tensor_type: Some(tensor) });
    ValueInfoProto { name: Some(name.to_owned()), r#type }
}
