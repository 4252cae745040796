//! A tensor's f32 numbers as slices, for kernels: to read them, to make a tensor of them, and
//! tensors of any numbers over memory that has an owner of its own.

use std::ffi::c_void;
use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::kind::Element;
use tch::{Device, Kind, Tensor};

use super::codes::dtype_code;
use super::error::OpError;
use super::ffi::{self, own_tensor};

const OP: &str = "numbers";

/// The numbers of a row-major f32 tensor on the CPU.
///
/// The tensor must not be written while the slice is used: nothing here keeps another handle to
/// the same memory from doing so.
///
/// # Errors
/// [`OpError::Failed`]: any other tensor.
pub fn of(tensor: &Tensor) -> Result<&[f32], OpError> {
    let is_plain = tensor.kind() == Kind::Float
        && tensor.device() == Device::Cpu
        && tensor.is_contiguous()
        && !tensor.is_sparse();
    if !is_plain {
        return Err(OpError::failed(OP, "the tensor is not plain f32 in memory"));
    }
    if tensor.numel() == 0 {
        return Ok(&[]);
    }
    // SAFETY: so many numbers are there, in this order, as long as the tensor is.
    Ok(unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<f32>(), tensor.numel()) })
}

/// The same to write into. Whoever shares the memory sees it.
///
/// # Errors
/// As [`of`].
pub fn of_mut(tensor: &mut Tensor) -> Result<&mut [f32], OpError> {
    let (pointer, count) = {
        let numbers = of(tensor)?;
        (numbers.as_ptr().cast_mut(), numbers.len())
    };
    if count == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `of`; the tensor is borrowed for as long as the slice is used.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, count) })
}

/// A new tensor of that shape, filled by `fill`, which must write every number.
///
/// # Errors
/// What libtorch or `fill` says.
pub fn filled<E: From<OpError>>(
    shape: &[i64],
    fill: impl FnOnce(&mut [f32]) -> Result<(), E>,
) -> Result<Tensor, E> {
    let made = Tensor::f_empty(shape, (Kind::Float, Device::Cpu));
    let mut made = made.map_err(|error| OpError::failed(OP, error.to_string()))?;
    fill(of_mut(&mut made)?)?;
    Ok(made)
}

/// A tensor of one dimension over an owner's numbers. The owner is dropped with the last tensor
/// that uses them.
///
/// # Errors
/// What libtorch says.
pub fn owned<T, O>(mut owner: Box<O>) -> Result<Tensor, OpError>
where
    T: Element,
    O: DerefMut<Target = [T]> + Send + 'static,
{
    let (numbers, count) = (owner.as_mut_ptr(), owner.len());
    let mut made = std::ptr::null_mut();
    // SAFETY: the numbers do not move while their owner lives, which nobody touches any more.
    unsafe {
        let message = ffi::jp_owned_tensor(
            numbers.cast(),
            count as i64,
            dtype_code(T::KIND),
            Box::into_raw(owner).cast(),
            release::<O>,
            &mut made,
        );
        ffi::check(OP, message)?;
        Ok(own_tensor(made))
    }
}

/// # Safety
/// It is the owner of [`owned`], and nobody uses its numbers any more.
unsafe extern "C" fn release<O>(owner: *mut c_void) {
    // SAFETY: the caller's promise. A panic must not get out.
    let owner = unsafe { Box::from_raw(owner.cast::<O>()) };
    let _ = catch_unwind(AssertUnwindSafe(move || drop(owner)));
}
