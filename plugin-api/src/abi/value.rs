//! The values that cross. Frozen with every variant that will ever be needed: adding one would
//! break all existing files.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RSlice, RStr, RString, RVec};

use super::host::Host;
use crate::tensor::Tensor;

/// A borrowed tensor: the host's pointer and the functions that understand it, for as long as
/// `'a` says.
///
/// Only the host (feature `host`) can make one, so safe plugin code cannot forge a handle.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct RawTensor<'a> {
    pub(crate) pointer: *mut c_void,
    pub(crate) host: Host,
    life: PhantomData<&'a ()>,
}

impl RawTensor<'_> {
    #[cfg(any(feature = "host", feature = "testing"))]
    pub(crate) fn of(pointer: *mut c_void, host: Host) -> Self {
        Self { pointer, host, life: PhantomData }
    }

    /// Runs `body` with a tensor that stays somebody else's.
    pub(crate) fn borrowed<T>(self, body: impl FnOnce(&Tensor) -> T) -> T {
        let handle = RawTensor { pointer: self.pointer, host: self.host, life: PhantomData };
        // Not given back; and `body` cannot keep the reference.
        body(&ManuallyDrop::new(Tensor::from_raw(handle)))
    }
}

#[cfg(feature = "host")]
impl RawTensor<'_> {
    /// Wraps a pointer that `host`'s functions understand for as long as the lifetime says.
    pub fn new(pointer: *mut c_void, host: Host) -> Self {
        Self::of(pointer, host)
    }

    /// The host's own pointer.
    pub fn pointer(self) -> *mut c_void {
        self.pointer
    }
}

/// Where a tensor lives: 0 is the CPU, 1 CUDA, -1 "wherever the training runs".
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawDevice {
    /// The kind of device.
    pub kind: i32,
    /// Which of them.
    pub index: i32,
}

/// An argument of an operator or a hook; borrows what it points to.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy)]
// The load-time check sees the variants, not inside them: describing every list's type would add
// 20 KB of tables to each plugin file, for a type that is frozen.
#[sabi(unsafe_opaque_fields)]
pub enum RawValue<'a> {
    /// Nothing, for optional arguments.
    None,
    /// A tensor.
    Tensor(RawTensor<'a>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Str(RStr<'a>),
    /// A device.
    Device(RawDevice),
    /// A dtype, by PyTorch's `ScalarType` number.
    Dtype(i32),
    /// Whole numbers.
    IntList(RSlice<'a, i64>),
    /// Numbers.
    FloatList(RSlice<'a, f64>),
    /// Truth values.
    BoolList(RSlice<'a, bool>),
    /// Tensors.
    TensorList(RSlice<'a, RawTensor<'a>>),
    /// Tensors, some of them absent.
    OptTensorList(RSlice<'a, ROption<RawTensor<'a>>>),
}

/// A result of an operator or a hook; owns what it holds.
#[repr(u8)]
#[derive(StableAbi, Clone)]
// As for `RawValue`.
#[sabi(unsafe_opaque_fields)]
pub enum Value {
    /// Nothing.
    None,
    /// A tensor.
    Tensor(Tensor),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Str(RString),
    /// A device.
    Device(RawDevice),
    /// A dtype, by PyTorch's `ScalarType` number.
    Dtype(i32),
    /// Whole numbers.
    IntList(RVec<i64>),
    /// Numbers.
    FloatList(RVec<f64>),
    /// Truth values.
    BoolList(RVec<bool>),
    /// Tensors.
    TensorList(RVec<Tensor>),
    /// Tensors, some of them absent.
    OptTensorList(RVec<ROption<Tensor>>),
}

impl Value {
    /// What it is, for error messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Tensor(_) => "a tensor",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "a truth value",
            Self::Str(_) => "a text",
            Self::Device(_) => "a device",
            Self::Dtype(_) => "a dtype",
            Self::IntList(_) => "a list of whole numbers",
            Self::FloatList(_) => "a list of numbers",
            Self::BoolList(_) => "a list of truth values",
            Self::TensorList(_) => "a list of tensors",
            Self::OptTensorList(_) => "a list of optional tensors",
        }
    }
}

/// An argument with its name.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct RawNamed<'a> {
    /// The name.
    pub name: RStr<'a>,
    /// The value.
    pub value: RawValue<'a>,
}

impl<'a> RawNamed<'a> {
    /// Joins the two.
    pub fn new(name: &'a str, value: impl Into<RawValue<'a>>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A result with its name.
#[repr(C)]
#[derive(StableAbi, Clone)]
pub struct Named {
    /// The name.
    pub name: RString,
    /// The value.
    pub value: Value,
}

impl Named {
    /// Joins the two.
    pub fn new(name: impl Into<RString>, value: Value) -> Self {
        Self { name: name.into(), value }
    }
}

impl<'a> From<&'a Tensor> for RawValue<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self::Tensor(tensor.raw())
    }
}

impl<'a> From<&'a [Tensor]> for RawValue<'a> {
    fn from(tensors: &'a [Tensor]) -> Self {
        Self::TensorList(Tensor::raw_slice(tensors))
    }
}

impl From<i64> for RawValue<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for RawValue<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for RawValue<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a str> for RawValue<'a> {
    fn from(value: &'a str) -> Self {
        Self::Str(value.into())
    }
}

impl<'a> From<&'a [i64]> for RawValue<'a> {
    fn from(value: &'a [i64]) -> Self {
        Self::IntList(value.into())
    }
}

impl<'a, const N: usize> From<&'a [i64; N]> for RawValue<'a> {
    fn from(value: &'a [i64; N]) -> Self {
        Self::IntList(RSlice::from_slice(value))
    }
}

impl<'a> From<&'a [f64]> for RawValue<'a> {
    fn from(value: &'a [f64]) -> Self {
        Self::FloatList(value.into())
    }
}

impl From<crate::tensor::Dtype> for RawValue<'_> {
    fn from(value: crate::tensor::Dtype) -> Self {
        Self::Dtype(value.code())
    }
}

impl<'a, T: Into<RawValue<'a>>> From<Option<T>> for RawValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}
