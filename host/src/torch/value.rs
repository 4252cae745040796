//! The values that go into an operator ([`Arg`], borrowed) and come out of it ([`Value`], owned).

use tch::{Device, Kind, Tensor};

/// An argument of an operator. It borrows what it holds, so a call clones no tensor.
#[derive(Debug, Clone, Copy)]
pub enum Arg<'a> {
    /// The absent value of an optional argument.
    None,
    Tensor(&'a Tensor),
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(&'a str),
    Device(Device),
    Dtype(Kind),
    IntList(&'a [i64]),
    FloatList(&'a [f64]),
    BoolList(&'a [bool]),
    TensorList(&'a [&'a Tensor]),
    OptTensorList(&'a [Option<&'a Tensor>]),
}

/// A result or a default value of an operator.
#[derive(Debug)]
pub enum Value {
    None,
    Tensor(Tensor),
    Int(i64),
    Float(f64),
    Bool(bool),
    String(String),
    Device(Device),
    Dtype(Kind),
    IntList(Vec<i64>),
    FloatList(Vec<f64>),
    BoolList(Vec<bool>),
    TensorList(Vec<Tensor>),
    OptTensorList(Vec<Option<Tensor>>),
}

impl Arg<'_> {
    /// What it is, in the words of a schema (`Tensor`, `int[]`, …), for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Arg::None => "None",
            Arg::Tensor(_) => "Tensor",
            Arg::Int(_) => "int",
            Arg::Float(_) => "float",
            Arg::Bool(_) => "bool",
            Arg::Str(_) => "str",
            Arg::Device(_) => "Device",
            Arg::Dtype(_) => "ScalarType",
            Arg::IntList(_) => "int[]",
            Arg::FloatList(_) => "float[]",
            Arg::BoolList(_) => "bool[]",
            Arg::TensorList(_) => "Tensor[]",
            Arg::OptTensorList(_) => "Tensor?[]",
        }
    }

    /// The same, owned: tensors are further handles to the same data.
    pub fn to_value(&self) -> Value {
        let handle = |tensor: &&Tensor| tensor.shallow_clone();
        match self {
            Arg::None => Value::None,
            Arg::Tensor(tensor) => Value::Tensor(tensor.shallow_clone()),
            Arg::Int(value) => Value::Int(*value),
            Arg::Float(value) => Value::Float(*value),
            Arg::Bool(value) => Value::Bool(*value),
            Arg::Str(value) => Value::String((*value).to_owned()),
            Arg::Device(value) => Value::Device(*value),
            Arg::Dtype(value) => Value::Dtype(*value),
            Arg::IntList(list) => Value::IntList(list.to_vec()),
            Arg::FloatList(list) => Value::FloatList(list.to_vec()),
            Arg::BoolList(list) => Value::BoolList(list.to_vec()),
            Arg::TensorList(list) => Value::TensorList(list.iter().map(handle).collect()),
            Arg::OptTensorList(list) => {
                Value::OptTensorList(list.iter().map(|one| one.as_ref().map(handle)).collect())
            }
        }
    }
}

impl Value {
    /// What it is, in the words of a schema, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::None => "None",
            Value::Tensor(_) => "Tensor",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Bool(_) => "bool",
            Value::String(_) => "str",
            Value::Device(_) => "Device",
            Value::Dtype(_) => "ScalarType",
            Value::IntList(_) => "int[]",
            Value::FloatList(_) => "float[]",
            Value::BoolList(_) => "bool[]",
            Value::TensorList(_) => "Tensor[]",
            Value::OptTensorList(_) => "Tensor?[]",
        }
    }

    /// The same once more: tensors are further handles to the same data.
    pub fn shallow_clone(&self) -> Value {
        match self {
            Value::TensorList(list) => {
                Value::TensorList(list.iter().map(Tensor::shallow_clone).collect())
            }
            Value::OptTensorList(list) => Value::OptTensorList(
                list.iter().map(|one| one.as_ref().map(Tensor::shallow_clone)).collect(),
            ),
            other => other.as_arg().to_value(),
        }
    }

    /// As an argument; lists of tensors, which would have to be borrowed one by one, are none.
    pub fn as_arg(&self) -> Arg<'_> {
        match self {
            Value::Tensor(tensor) => Arg::Tensor(tensor),
            Value::Int(value) => Arg::Int(*value),
            Value::Float(value) => Arg::Float(*value),
            Value::Bool(value) => Arg::Bool(*value),
            Value::String(value) => Arg::Str(value),
            Value::Device(value) => Arg::Device(*value),
            Value::Dtype(value) => Arg::Dtype(*value),
            Value::IntList(list) => Arg::IntList(list),
            Value::FloatList(list) => Arg::FloatList(list),
            Value::BoolList(list) => Arg::BoolList(list),
            Value::None | Value::TensorList(_) | Value::OptTensorList(_) => Arg::None,
        }
    }

    /// The tensor, if it is one.
    pub fn into_tensor(self) -> Option<Tensor> {
        match self {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }
}

impl<'a> From<&'a Tensor> for Arg<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Arg::Tensor(tensor)
    }
}

impl<'a> From<Option<&'a Tensor>> for Arg<'a> {
    fn from(tensor: Option<&'a Tensor>) -> Self {
        tensor.map_or(Arg::None, Arg::Tensor)
    }
}

/// One `From` for each plain variant.
macro_rules! arg_from {
    ($($from:ty => $variant:ident),* $(,)?) => {$(
        impl<'a> From<$from> for Arg<'a> {
            fn from(value: $from) -> Self {
                Arg::$variant(value)
            }
        }
    )*};
}

arg_from! {
    i64 => Int,
    f64 => Float,
    bool => Bool,
    &'a str => Str,
    Device => Device,
    Kind => Dtype,
    &'a [i64] => IntList,
    &'a [f64] => FloatList,
    &'a [bool] => BoolList,
    &'a [&'a Tensor] => TensorList,
    &'a [Option<&'a Tensor>] => OptTensorList,
}
