//! Values between this process and the program, where a tensor is a number.

use std::sync::Arc;

use abi_stable::std_types::{ROption, RString};

use super::connection::Connection;
use super::handles::{remote, tensor};
use crate::abi::{Named, RawNamed, RawTensor, RawValue, Value};
use crate::wire::{Wire, WireNamed};

/// The number of a tensor.
pub fn id_of(raw: &RawTensor<'_>) -> u64 {
    remote(raw).id
}

/// Calls `visit` with every tensor of a value.
pub fn for_each_tensor<'a>(value: &RawValue<'a>, visit: &mut dyn FnMut(&RawTensor<'a>)) {
    match value {
        RawValue::Tensor(raw) => visit(raw),
        RawValue::TensorList(list) => list.iter().for_each(visit),
        RawValue::OptTensorList(list) => {
            list.iter().filter_map(|one| one.as_ref().into_option()).for_each(visit);
        }
        _ => {}
    }
}

/// An argument, for the program.
pub fn to_wire(value: &RawValue<'_>) -> Wire {
    match value {
        RawValue::None => Wire::None,
        RawValue::Tensor(raw) => Wire::Tensor(id_of(raw)),
        RawValue::Int(value) => Wire::Int(*value),
        RawValue::Float(value) => Wire::Float(*value),
        RawValue::Bool(value) => Wire::Bool(*value),
        RawValue::Str(value) => Wire::Str(value.as_str().to_owned()),
        RawValue::Device(device) => Wire::Device(*device),
        RawValue::Dtype(code) => Wire::Dtype(*code),
        RawValue::IntList(list) => Wire::IntList(list.to_vec()),
        RawValue::FloatList(list) => Wire::FloatList(list.to_vec()),
        RawValue::BoolList(list) => Wire::BoolList(list.to_vec()),
        RawValue::TensorList(list) => Wire::TensorList(list.iter().map(id_of).collect()),
        RawValue::OptTensorList(list) => {
            let id = |one: &ROption<RawTensor<'_>>| one.as_ref().into_option().map(id_of);
            Wire::OptTensorList(list.iter().map(id).collect())
        }
    }
}

/// Arguments, for the program.
pub fn all_to_wire(values: &[RawValue<'_>]) -> Vec<Wire> {
    values.iter().map(to_wire).collect()
}

/// Named arguments, for the program.
pub fn named_to_wire(values: &[RawNamed<'_>]) -> Vec<WireNamed> {
    values.iter().map(|named| WireNamed::new(named.name.as_str(), to_wire(&named.value))).collect()
}

/// The results of a hook, for the program.
pub fn results_to_wire(values: &[Named]) -> Vec<WireNamed> {
    let one = |named: &Named| WireNamed::new(named.name.as_str(), result_to_wire(&named.value));
    values.iter().map(one).collect()
}

fn result_to_wire(value: &Value) -> Wire {
    match value {
        Value::None => Wire::None,
        Value::Tensor(tensor) => Wire::Tensor(id_of(&tensor.raw())),
        Value::Int(value) => Wire::Int(*value),
        Value::Float(value) => Wire::Float(*value),
        Value::Bool(value) => Wire::Bool(*value),
        Value::Str(value) => Wire::Str(value.as_str().to_owned()),
        Value::Device(device) => Wire::Device(*device),
        Value::Dtype(code) => Wire::Dtype(*code),
        Value::IntList(list) => Wire::IntList(list.to_vec()),
        Value::FloatList(list) => Wire::FloatList(list.to_vec()),
        Value::BoolList(list) => Wire::BoolList(list.to_vec()),
        Value::TensorList(list) => {
            Wire::TensorList(list.iter().map(|one| id_of(&one.raw())).collect())
        }
        Value::OptTensorList(list) => {
            let ids =
                list.iter().map(|one| one.as_ref().into_option().map(|one| id_of(&one.raw())));
            Wire::OptTensorList(ids.collect())
        }
    }
}

/// What the program gave; tensors are now this process's to release.
pub fn to_value(connection: &Arc<Connection>, wire: Wire) -> Value {
    let own = |id| tensor(connection, id);
    match wire {
        Wire::None => Value::None,
        Wire::Tensor(id) => Value::Tensor(own(id)),
        Wire::Int(value) => Value::Int(value),
        Wire::Float(value) => Value::Float(value),
        Wire::Bool(value) => Value::Bool(value),
        Wire::Str(value) => Value::Str(RString::from(value)),
        Wire::Device(device) => Value::Device(device),
        Wire::Dtype(code) => Value::Dtype(code),
        Wire::IntList(list) => Value::IntList(list.into()),
        Wire::FloatList(list) => Value::FloatList(list.into()),
        Wire::BoolList(list) => Value::BoolList(list.into()),
        Wire::TensorList(ids) => {
            Value::TensorList(ids.into_iter().map(own).collect::<Vec<_>>().into())
        }
        Wire::OptTensorList(ids) => {
            let list = ids.into_iter().map(|id| ROption::from(id.map(own)));
            Value::OptTensorList(list.collect::<Vec<_>>().into())
        }
    }
}

/// Named values that the program gave.
pub fn to_named(connection: &Arc<Connection>, values: Vec<WireNamed>) -> Vec<Named> {
    let one = |named: WireNamed| Named::new(named.name, to_value(connection, named.value));
    values.into_iter().map(one).collect()
}
