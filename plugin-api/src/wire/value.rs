//! Values, with numbers in place of tensors.

use super::codec::{Malformed, Reader, Writer};
use super::parts::{read_device, write_device};
use crate::abi::RawDevice;

/// A [`Value`](crate::abi::Value) or [`RawValue`](crate::abi::RawValue), variant by variant.
#[derive(Debug, Clone, PartialEq)]
pub enum Wire {
    /// Nothing.
    None,
    /// A tensor.
    Tensor(u64),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Str(String),
    /// A device.
    Device(RawDevice),
    /// A dtype, by PyTorch's `ScalarType` number.
    Dtype(i32),
    /// Whole numbers.
    IntList(Vec<i64>),
    /// Numbers.
    FloatList(Vec<f64>),
    /// Truth values.
    BoolList(Vec<bool>),
    /// Tensors.
    TensorList(Vec<u64>),
    /// Tensors, some of them absent.
    OptTensorList(Vec<Option<u64>>),
}

/// A value with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct WireNamed {
    /// The name; empty where there is none.
    pub name: String,
    /// The value.
    pub value: Wire,
}

impl WireNamed {
    /// Joins the two.
    pub fn new(name: impl Into<String>, value: Wire) -> Self {
        Self { name: name.into(), value }
    }

    pub(super) fn write(&self, to: &mut Writer) {
        to.text(&self.name);
        self.value.write(to);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { name: from.text()?, value: Wire::read(from)? })
    }
}

impl Wire {
    pub(super) fn write(&self, to: &mut Writer) {
        to.u8(self.tag());
        match self {
            Self::None => {}
            Self::Tensor(id) => to.u64(*id),
            Self::Int(value) => to.i64(*value),
            Self::Float(value) => to.f64(*value),
            Self::Bool(value) => to.bool(*value),
            Self::Str(value) => to.text(value),
            Self::Device(device) => write_device(to, *device),
            Self::Dtype(code) => to.i32(*code),
            Self::IntList(list) => to.list(list, |to, one| to.i64(*one)),
            Self::FloatList(list) => to.list(list, |to, one| to.f64(*one)),
            Self::BoolList(list) => to.list(list, |to, one| to.bool(*one)),
            Self::TensorList(list) => to.list(list, |to, one| to.u64(*one)),
            Self::OptTensorList(list) => to.list(list, |to, one| {
                to.bool(one.is_some());
                to.u64(one.unwrap_or_default());
            }),
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match from.u8()? {
            0 => Self::None,
            1 => Self::Tensor(from.u64()?),
            2 => Self::Int(from.i64()?),
            3 => Self::Float(from.f64()?),
            4 => Self::Bool(from.bool()?),
            5 => Self::Str(from.text()?),
            6 => Self::Device(read_device(from)?),
            7 => Self::Dtype(from.i32()?),
            8 => Self::IntList(from.list(Reader::i64)?),
            9 => Self::FloatList(from.list(Reader::f64)?),
            10 => Self::BoolList(from.list(Reader::bool)?),
            11 => Self::TensorList(from.list(Reader::u64)?),
            12 => Self::OptTensorList(from.list(|from| {
                let (is_there, id) = (from.bool()?, from.u64()?);
                Ok(is_there.then_some(id))
            })?),
            _ => return Err(Malformed),
        })
    }

    fn tag(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Tensor(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Bool(_) => 4,
            Self::Str(_) => 5,
            Self::Device(_) => 6,
            Self::Dtype(_) => 7,
            Self::IntList(_) => 8,
            Self::FloatList(_) => 9,
            Self::BoolList(_) => 10,
            Self::TensorList(_) => 11,
            Self::OptTensorList(_) => 12,
        }
    }
}
