//! A tensor's data as plain little-endian bytes, in row-major order: what safetensors files
//! and plugins exchange.

use tch::{Kind, Tensor};

use super::error::OpError;
use super::op::Op;
use super::value::Arg;

#[cfg(not(target_endian = "little"))]
compile_error!("tensor data are written as they lie in memory, which must be little-endian");

/// The tensor's data in row-major order, copied to the CPU first where they are elsewhere.
///
/// # Errors
/// [`OpError::UnsupportedDtype`] for complex and quantised tensors; [`OpError::Failed`] for
/// tensors without plain storage (sparse ones).
pub fn to_bytes(tensor: &Tensor) -> Result<Vec<u8>, OpError> {
    const OP: &str = "bytes::to_bytes";
    let dtype = tensor.f_kind().map_err(|_| OpError::UnsupportedDtype {
        dtype: "of a kind that has no name here".to_owned(),
    })?;
    let size = element_size(dtype)?;
    // A negated view shares its base's bytes; the values are what is asked for.
    let plain = Op::find("aten::resolve_neg")?.call1(&[Arg::Tensor(tensor)], &[])?;
    let plain = Op::find("aten::contiguous")?.call1(&[Arg::Tensor(&plain)], &[])?;
    let mut bytes = vec![0; plain.numel() * size];
    plain
        .f_copy_data_u8(&mut bytes, plain.numel())
        .map_err(|error| OpError::failed(OP, first_line(&error.to_string())))?;
    Ok(bytes)
}

/// A CPU tensor of `dtype` and `shape` with a copy of `bytes`.
///
/// # Errors
/// [`OpError::BadShape`], [`OpError::WrongLength`], [`OpError::UnsupportedDtype`], and
/// [`OpError::NotABool`] for bool data with a byte other than 0 and 1.
pub fn from_bytes(dtype: Kind, shape: &[i64], bytes: &[u8]) -> Result<Tensor, OpError> {
    const OP: &str = "bytes::from_bytes";
    let size = element_size(dtype)?;
    let expected = shape
        .iter()
        .try_fold(size, |product, &one| product.checked_mul(usize::try_from(one).ok()?))
        .filter(|bytes| isize::try_from(*bytes).is_ok())
        .ok_or_else(|| OpError::BadShape { shape: shape.to_vec() })?;
    if bytes.len() != expected {
        let shape = shape.to_vec();
        return Err(OpError::WrongLength { dtype, shape, expected, given: bytes.len() });
    }
    if dtype == Kind::Bool
        && let Some(position) = bytes.iter().position(|byte| *byte > 1)
    {
        return Err(OpError::NotABool { position, value: bytes[position] });
    }
    Tensor::f_from_data_size(bytes, shape, dtype)
        .map_err(|error| OpError::failed(OP, first_line(&error.to_string())))
}

/// Bytes of one element.
fn element_size(dtype: Kind) -> Result<usize, OpError> {
    match dtype {
        Kind::ComplexHalf
        | Kind::ComplexFloat
        | Kind::ComplexDouble
        | Kind::QInt8
        | Kind::QUInt8
        | Kind::QInt32 => Err(OpError::UnsupportedDtype { dtype: format!("{dtype:?}") }),
        plain => Ok(plain.elt_size_in_bytes()),
    }
}

/// tch's messages go on with a C++ backtrace.
fn first_line(message: &str) -> &str {
    message.lines().find(|line| !line.trim().is_empty()).unwrap_or(message).trim()
}
