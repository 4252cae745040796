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
