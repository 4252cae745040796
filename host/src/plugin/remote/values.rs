//! Values between the two processes: here tensors, there their numbers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use abi_stable::std_types::{ROption, RString};
use jackpot_plugin_api::abi::{Fault, Named, RawNamed, RawTensor, RawValue, Value};
use jackpot_plugin_api::tensor::Tensor as Handle;
use jackpot_plugin_api::wire::{Wire, WireNamed};

use crate::plugin::border::tensors;

/// The tensors that the test holds, by their numbers. A number is never used again.
#[derive(Default)]
pub struct Held(Mutex<Numbered>);

#[derive(Default)]
struct Numbered {
    tensors: HashMap<u64, Handle>,
    next: u64,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a tensor for the test.
    pub fn keep(&self, tensor: Handle) -> u64 {
        let mut held = self.lock();
        held.next += 1;
        let id = held.next;
        held.tensors.insert(id, tensor);
        id
    }

    /// The test does not need these any more.
    pub fn release(&self, ids: &[u64]) {
        let mut held = self.lock();
        for id in ids {
            held.tensors.remove(id);
        }
    }

    /// A tensor that the test holds.
    pub fn get(&self, id: u64) -> Result<Handle, Fault> {
        let found = self.lock().tensors.get(&id).cloned();
        found.ok_or_else(|| format!("the test holds no tensor number {id}").into())
    }

    /// Several of them.
    pub fn all(&self, ids: &[u64]) -> Result<Vec<Handle>, Fault> {
        ids.iter().map(|id| self.get(*id)).collect()
    }

    /// A result for the test.
    pub fn to_wire(&self, value: Value) -> Wire {
        match value {
            Value::None => Wire::None,
            Value::Tensor(tensor) => Wire::Tensor(self.keep(tensor)),
            Value::Int(value) => Wire::Int(value),
            Value::Float(value) => Wire::Float(value),
            Value::Bool(value) => Wire::Bool(value),
            Value::Str(value) => Wire::Str(value.into_string()),
            Value::Device(device) => Wire::Device(device),
            Value::Dtype(code) => Wire::Dtype(code),
            Value::IntList(list) => Wire::IntList(list.into_vec()),
            Value::FloatList(list) => Wire::FloatList(list.into_vec()),
            Value::BoolList(list) => Wire::BoolList(list.into_vec()),
            Value::TensorList(list) => {
                Wire::TensorList(list.into_iter().map(|one| self.keep(one)).collect())
            }
            Value::OptTensorList(list) => Wire::OptTensorList(
                list.into_iter().map(|one| one.into_option().map(|one| self.keep(one))).collect(),
            ),
        }
    }

    /// What a hook of the test gave.
    pub fn to_value(&self, wire: Wire) -> Result<Value, Fault> {
        Ok(match wire {
            Wire::None => Value::None,
            Wire::Tensor(id) => Value::Tensor(self.get(id)?),
            Wire::Int(value) => Value::Int(value),
            Wire::Float(value) => Value::Float(value),
            Wire::Bool(value) => Value::Bool(value),
            Wire::Str(value) => Value::Str(RString::from(value)),
            Wire::Device(device) => Value::Device(device),
            Wire::Dtype(code) => Value::Dtype(code),
            Wire::IntList(list) => Value::IntList(list.into()),
            Wire::FloatList(list) => Value::FloatList(list.into()),
            Wire::BoolList(list) => Value::BoolList(list.into()),
            Wire::TensorList(ids) => Value::TensorList(self.all(&ids)?.into()),
            Wire::OptTensorList(ids) => {
                let one = |id: Option<u64>| id.map(|id| self.get(id)).transpose();
                let list = ids.into_iter().map(|id| one(id).map(ROption::from));
                Value::OptTensorList(list.collect::<Result<Vec<_>, _>>()?.into())
            }
        })
    }

    /// Named results for the test.
    pub fn all_to_wire(&self, values: impl IntoIterator<Item = Named>) -> Vec<WireNamed> {
        let one = |named: Named| WireNamed::new(named.name, self.to_wire(named.value));
        values.into_iter().map(one).collect()
    }

    /// Named values of the test.
    pub fn all_to_values(&self, values: Vec<WireNamed>) -> Result<Vec<Named>, Fault> {
        let one = |named: WireNamed| Ok(Named::new(named.name, self.to_value(named.value)?));
        values.into_iter().map(one).collect()
    }
}

/// Runs `body` with values lent as arguments.
pub fn lent<T>(values: &[Value], body: impl FnOnce(&[RawValue<'_>]) -> T) -> T {
    let raws: Vec<Vec<ROption<RawTensor<'_>>>> = values
        .iter()
        .map(|value| match value {
            Value::OptTensorList(list) => list
                .iter()
                .map(|one| one.as_ref().into_option().map(Handle::host_handle).into())
                .collect(),
            _ => Vec::new(),
        })
        .collect();
    let all: Vec<RawValue<'_>> = values.iter().zip(&raws).map(|(v, o)| one_lent(v, o)).collect();
    body(&all)
}

fn one_lent<'a>(value: &'a Value, optional: &'a [ROption<RawTensor<'a>>]) -> RawValue<'a> {
    match value {
        Value::None => RawValue::None,
        Value::Tensor(tensor) => RawValue::from(tensor),
        Value::Int(value) => RawValue::Int(*value),
        Value::Float(value) => RawValue::Float(*value),
        Value::Bool(value) => RawValue::Bool(*value),
        Value::Str(value) => RawValue::Str(value.as_rstr()),
        Value::Device(device) => RawValue::Device(*device),
        Value::Dtype(code) => RawValue::Dtype(*code),
        Value::IntList(list) => RawValue::IntList(list.as_rslice()),
        Value::FloatList(list) => RawValue::FloatList(list.as_rslice()),
        Value::BoolList(list) => RawValue::BoolList(list.as_rslice()),
        Value::TensorList(list) => RawValue::from(list.as_slice()),
        Value::OptTensorList(_) => RawValue::OptTensorList(optional.into()),
    }
}

/// Runs `body` with named values lent as arguments.
pub fn lent_named<T>(values: &[Named], body: impl FnOnce(&[RawNamed<'_>]) -> T) -> T {
    let only: Vec<Value> = values.iter().map(|named| named.value.clone()).collect();
    lent(&only, |raws| {
        let mut named = Vec::with_capacity(raws.len());
        for (one, raw) in values.iter().zip(raws) {
            named.push(RawNamed { name: one.name.as_rstr(), value: *raw });
        }
        body(&named)
    })
}

/// An argument of a hook, as an own value.
pub fn owned(raw: &RawValue<'_>) -> Value {
    let own = |raw: &RawTensor<'_>| tensors::give(tensors::borrow(*raw).shallow_clone());
    match raw {
        RawValue::None => Value::None,
        RawValue::Tensor(raw) => Value::Tensor(own(raw)),
        RawValue::Int(value) => Value::Int(*value),
        RawValue::Float(value) => Value::Float(*value),
        RawValue::Bool(value) => Value::Bool(*value),
        RawValue::Str(value) => Value::Str(RString::from(value.as_str())),
        RawValue::Device(device) => Value::Device(*device),
        RawValue::Dtype(code) => Value::Dtype(*code),
        RawValue::IntList(list) => Value::IntList(list.to_vec().into()),
        RawValue::FloatList(list) => Value::FloatList(list.to_vec().into()),
        RawValue::BoolList(list) => Value::BoolList(list.to_vec().into()),
        RawValue::TensorList(list) => {
            Value::TensorList(list.iter().map(own).collect::<Vec<_>>().into())
        }
        RawValue::OptTensorList(list) => Value::OptTensorList(
            list.iter()
                .map(|one| one.as_ref().into_option().map(own).into())
                .collect::<Vec<_>>()
                .into(),
        ),
    }
}
