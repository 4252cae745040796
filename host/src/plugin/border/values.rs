//! Values between the two sides.

use std::mem::ManuallyDrop;

use abi_stable::std_types::{ROption, RString};
use jackpot_plugin_api::abi::{Named, RawValue, Value};
use jackpot_plugin_api::tensor::Tensor as Handle;
use tch::Tensor;

use super::tensors::{self, borrow};
use crate::torch::codes::{dtype_code, dtype_of};
use crate::torch::{Arg, Value as HostValue};

/// Tensors borrowed from handles: they must not be given back.
pub type Borrowed = ManuallyDrop<Tensor>;

/// A plugin's arguments with all that they point to.
pub struct Arguments {
    tensors: Vec<Borrowed>,
}

impl Arguments {
    /// Runs `body` with the arguments in the host's own form.
    ///
    /// # Errors
    ///
    /// A dtype or device that this libtorch does not have.
    pub fn with<T>(
        values: &[RawValue<'_>],
        body: impl FnOnce(&[Arg<'_>]) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut storage = Self { tensors: Vec::new() };
        for value in values {
            storage.collect(value);
        }
        let mut next = storage.tensors.iter().map(|tensor| &**tensor);
        let lists: Vec<Lists<'_>> =
            values.iter().map(|value| Lists::of(value, &mut next)).collect();
        let args =
            values.iter().zip(&lists).map(|(v, l)| arg(v, l)).collect::<Result<Vec<_>, _>>()?;
        body(&args)
    }

    fn collect(&mut self, value: &RawValue<'_>) {
        match value {
            RawValue::Tensor(raw) => self.tensors.push(borrow(*raw)),
            RawValue::TensorList(list) => self.tensors.extend(list.iter().map(|raw| borrow(*raw))),
            RawValue::OptTensorList(list) => {
                let present = list.iter().filter_map(|raw| raw.as_ref().into_option());
                self.tensors.extend(present.map(|raw| borrow(*raw)));
            }
            _ => {}
        }
    }
}

/// The tensors of one argument.
enum Lists<'a> {
    None,
    One(&'a Tensor),
    All(Vec<&'a Tensor>),
    Some(Vec<Option<&'a Tensor>>),
    Bools(Vec<bool>),
}

impl<'a> Lists<'a> {
    fn of(value: &RawValue<'_>, next: &mut impl Iterator<Item = &'a Tensor>) -> Self {
        match value {
            RawValue::Tensor(_) => next.next().map_or(Self::None, Self::One),
            RawValue::TensorList(list) => Self::All(next.by_ref().take(list.len()).collect()),
            RawValue::OptTensorList(list) => Self::Some(
                list.iter().map(|raw| if raw.is_some() { next.next() } else { None }).collect(),
            ),
            RawValue::BoolList(list) => Self::Bools(list.to_vec()),
            _ => Self::None,
        }
    }
}

fn arg<'a>(value: &'a RawValue<'_>, lists: &'a Lists<'_>) -> Result<Arg<'a>, String> {
    Ok(match (value, lists) {
        (RawValue::Tensor(_), Lists::One(tensor)) => Arg::Tensor(tensor),
        (RawValue::TensorList(_), Lists::All(list)) => Arg::TensorList(list),
        (RawValue::OptTensorList(_), Lists::Some(list)) => Arg::OptTensorList(list),
        (RawValue::BoolList(_), Lists::Bools(list)) => Arg::BoolList(list),
        (RawValue::Int(value), _) => Arg::Int(*value),
        (RawValue::Float(value), _) => Arg::Float(*value),
        (RawValue::Bool(value), _) => Arg::Bool(*value),
        (RawValue::Str(value), _) => Arg::Str(value.as_str()),
        (RawValue::IntList(list), _) => Arg::IntList(list.as_slice()),
        (RawValue::FloatList(list), _) => Arg::FloatList(list.as_slice()),
        (RawValue::Dtype(code), _) => {
            Arg::Dtype(dtype_of((*code).into()).ok_or_else(|| format!("there is no dtype {code}"))?)
        }
        (RawValue::Device(raw), _) => Arg::Device(tensors::device(*raw)?),
        _ => Arg::None,
    })
}

/// A result for the plugin.
pub fn to_plugin(value: HostValue) -> Value {
    let handle = tensors::give;
    match value {
        HostValue::None => Value::None,
        HostValue::Tensor(tensor) => Value::Tensor(handle(tensor)),
        HostValue::Int(value) => Value::Int(value),
        HostValue::Float(value) => Value::Float(value),
        HostValue::Bool(value) => Value::Bool(value),
        HostValue::String(value) => Value::Str(RString::from(value)),
        HostValue::Device(device) => Value::Device(tensors::raw_device(device)),
        HostValue::Dtype(kind) => Value::Dtype(dtype_code(kind)),
        HostValue::IntList(list) => Value::IntList(list.into()),
        HostValue::FloatList(list) => Value::FloatList(list.into()),
        HostValue::BoolList(list) => Value::BoolList(list.into()),
        HostValue::TensorList(list) => {
            Value::TensorList(list.into_iter().map(handle).collect::<Vec<_>>().into())
        }
        HostValue::OptTensorList(list) => Value::OptTensorList(
            list.into_iter().map(|one| ROption::from(one.map(handle))).collect::<Vec<_>>().into(),
        ),
    }
}

/// A handle that a plugin gave, as the host's own tensor.
pub fn into_host(handle: Handle) -> Tensor {
    let tensor = borrow(handle.host_handle()).shallow_clone();
    drop(handle);
    tensor
}

/// The tensors among a hook's results.
pub fn named_tensors(values: Vec<Named>) -> Vec<(String, Tensor)> {
    let tensor = |named: Named| match named.value {
        Value::Tensor(handle) => Some((named.name.into_string(), into_host(handle))),
        _ => None,
    };
    values.into_iter().filter_map(tensor).collect()
}
