//! `JpValue`: an argument as the C++ side reads it, and a result as it hands it over.

use std::ffi::c_void;

use tch::Tensor;
use torch_sys::C_tensor;

use super::jp_free;
use crate::torch::codes::{device_code, device_of, dtype_code, dtype_of};
use crate::torch::value::{Arg, Value};

/// `JpTag` of `jackpot_torch.h`.
mod tag {
    pub const DEFAULT: i32 = 0;
    pub const NONE: i32 = 1;
    pub const TENSOR: i32 = 2;
    pub const INT: i32 = 3;
    pub const FLOAT: i32 = 4;
    pub const BOOL: i32 = 5;
    pub const STRING: i32 = 6;
    pub const DEVICE: i32 = 7;
    pub const DTYPE: i32 = 8;
    pub const INT_LIST: i32 = 9;
    pub const FLOAT_LIST: i32 = 10;
    pub const BOOL_LIST: i32 = 11;
    pub const TENSOR_LIST: i32 = 12;
    pub const OPT_TENSOR_LIST: i32 = 13;
}

/// A value on its way across.
#[repr(C)]
#[derive(Clone, Copy)]
pub(in crate::torch) struct Raw {
    tag: i32,
    small: i32,
    len: i64,
    payload: Payload,
}

#[repr(C)]
#[derive(Clone, Copy)]
union Payload {
    pointer: *mut c_void,
    integer: i64,
    real: f64,
}

impl Raw {
    /// As an argument: the schema's default. As a result: nothing there.
    pub const DEFAULT: Raw =
        Raw { tag: tag::DEFAULT, small: 0, len: 0, payload: Payload { integer: 0 } };

    fn integer(tag: i32, integer: i64) -> Raw {
        Raw { tag, payload: Payload { integer }, ..Raw::DEFAULT }
    }

    fn slice<T>(tag: i32, slice: &[T]) -> Raw {
        let pointer = slice.as_ptr().cast_mut().cast();
        // A slice's length always fits: it is at most `isize::MAX`.
        Raw { tag, len: slice.len() as i64, payload: Payload { pointer }, ..Raw::DEFAULT }
    }

    /// Borrows `arg`. Lists of tensors need an array of pointers: `pointers` starts with this
    /// argument's own (see [`list_pointers`]) and is moved behind them.
    pub fn borrow(arg: &Arg<'_>, pointers: &mut &[*mut c_void]) -> Raw {
        match *arg {
            Arg::None => Raw { tag: tag::NONE, ..Raw::DEFAULT },
            Arg::Tensor(tensor) => {
                let pointer = tensor_pointer(tensor);
                Raw { tag: tag::TENSOR, payload: Payload { pointer }, ..Raw::DEFAULT }
            }
            Arg::Int(value) => Raw::integer(tag::INT, value),
            Arg::Float(real) => Raw { tag: tag::FLOAT, payload: Payload { real }, ..Raw::DEFAULT },
            Arg::Bool(value) => Raw::integer(tag::BOOL, value.into()),
            Arg::Str(text) => Raw::slice(tag::STRING, text.as_bytes()),
            Arg::Device(device) => {
                let (small, index) = device_code(device);
                Raw { small, ..Raw::integer(tag::DEVICE, index) }
            }
            Arg::Dtype(dtype) => Raw::integer(tag::DTYPE, dtype_code(dtype).into()),
            Arg::IntList(list) => Raw::slice(tag::INT_LIST, list),
            Arg::FloatList(list) => Raw::slice(tag::FLOAT_LIST, list),
            Arg::BoolList(list) => Raw::slice(tag::BOOL_LIST, list),
            Arg::TensorList(list) => Raw::slice(tag::TENSOR_LIST, split_off(pointers, list.len())),
            Arg::OptTensorList(list) => {
                Raw::slice(tag::OPT_TENSOR_LIST, split_off(pointers, list.len()))
            }
        }
    }

    /// The result, whose memory now belongs to the value; `None` for a dtype or a device that
    /// tch cannot name.
    ///
    /// # Safety
    /// The C++ side wrote this as a result, or it is `DEFAULT`.
    unsafe fn take(&mut self) -> Option<Value> {
        let raw = std::mem::replace(self, Raw::DEFAULT);
        let payload = raw.payload;
        // SAFETY: by its contract the tag says which field of the union was written and what
        // an array holds, and everything is ours to keep or to free.
        unsafe {
            Some(match raw.tag {
                tag::TENSOR => Value::Tensor(own_tensor(payload.pointer)),
                tag::INT => Value::Int(payload.integer),
                tag::FLOAT => Value::Float(payload.real),
                tag::BOOL => Value::Bool(payload.integer != 0),
                tag::STRING => {
                    let bytes: Vec<u8> = own_array(&raw);
                    Value::String(String::from_utf8_lossy(&bytes).into_owned())
                }
                tag::DEVICE => Value::Device(device_of(raw.small, payload.integer)?),
                tag::DTYPE => Value::Dtype(dtype_of(payload.integer)?),
                tag::INT_LIST => Value::IntList(own_array(&raw)),
                tag::FLOAT_LIST => Value::FloatList(own_array(&raw)),
                tag::BOOL_LIST => {
                    let bytes: Vec<u8> = own_array(&raw);
                    Value::BoolList(bytes.into_iter().map(|byte| byte != 0).collect())
                }
                tag::TENSOR_LIST => {
                    let list: Vec<*mut c_void> = own_array(&raw);
                    Value::TensorList(list.into_iter().map(|one| own_tensor(one)).collect())
                }
                tag::OPT_TENSOR_LIST => {
                    let list: Vec<*mut c_void> = own_array(&raw);
                    let optional = |one: *mut c_void| (!one.is_null()).then(|| own_tensor(one));
                    Value::OptTensorList(list.into_iter().map(optional).collect())
                }
                _ => Value::None,
            })
        }
    }
}

/// Results that the C++ side wrote; those not taken are freed.
pub(in crate::torch) struct Results {
    inline: [Raw; Results::INLINE],
    heap: Vec<Raw>,
    count: usize,
}

impl Results {
    /// Operators with more results than this are rare.
    const INLINE: usize = 2;

    /// Room for `count` results.
    pub fn new(count: usize) -> Self {
        let heap = if count > Self::INLINE { vec![Raw::DEFAULT; count] } else { Vec::new() };
        Results { inline: [Raw::DEFAULT; Self::INLINE], heap, count }
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// Where a C++ function may write `len` results, each of which is then ours.
    pub fn as_mut_ptr(&mut self) -> *mut Raw {
        self.slots().as_mut_ptr()
    }

    /// The result at `index`, once. See [`Raw::take`].
    ///
    /// # Safety
    /// Nobody but a C++ function wrote through [`Results::as_mut_ptr`].
    pub unsafe fn take(&mut self, index: usize) -> Option<Value> {
        // SAFETY: the caller's promise.
        unsafe { self.slots()[index].take() }
    }

    fn slots(&mut self) -> &mut [Raw] {
        if self.heap.is_empty() { &mut self.inline[..self.count] } else { &mut self.heap }
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        for raw in self.slots() {
            // SAFETY: what was taken is `DEFAULT` by now, the rest is as the C++ side left it.
            drop(unsafe { raw.take() });
        }
    }
}

/// The pointers of all lists of tensors among `args`, one list after the other, nulls for
/// absent tensors. Allocates nothing where there are no such lists.
pub(in crate::torch) fn list_pointers<'b, 'a: 'b>(
    args: impl Iterator<Item = &'b Arg<'a>>,
) -> Vec<*mut c_void> {
    let mut pointers = Vec::new();
    for arg in args {
        match arg {
            Arg::TensorList(list) => pointers.extend(list.iter().map(|one| tensor_pointer(one))),
            Arg::OptTensorList(list) => pointers
                .extend(list.iter().map(|one| one.map_or(std::ptr::null_mut(), tensor_pointer))),
            _ => {}
        }
    }
    pointers
}

/// tch's own pointer, which is an `at::Tensor*`.
pub(in crate::torch) fn tensor_pointer(tensor: &Tensor) -> *mut c_void {
    tensor.as_ptr().cast_mut().cast()
}

/// # Safety
/// `pointer` is an `at::Tensor*` by `new` that nobody else owns.
pub(in crate::torch) unsafe fn own_tensor(pointer: *mut c_void) -> Tensor {
    // SAFETY: the caller's promise; tch deletes it when the tensor is dropped.
    unsafe { Tensor::from_ptr(pointer.cast::<C_tensor>()) }
}

/// # Safety
/// `raw` holds an array of `len` elements of type T by `malloc`, which is freed here.
unsafe fn own_array<T: Copy>(raw: &Raw) -> Vec<T> {
    // SAFETY: the caller's promise.
    unsafe {
        let pointer = raw.payload.pointer;
        let list = std::slice::from_raw_parts(pointer.cast::<T>(), raw.len as usize).to_vec();
        jp_free(pointer);
        list
    }
}

/// The first `count` pointers, which are thereby used up.
fn split_off<'p>(pointers: &mut &'p [*mut c_void], count: usize) -> &'p [*mut c_void] {
    let (own, rest) = pointers.split_at(count);
    *pointers = rest;
    own
}
