//! New tensors.

use abi_stable::std_types::RResult;

use super::op::{Arg, call_values, single};
use super::{Device, Dtype, Element, Tensor};
use crate::abi::{Host, RawDevice, RawValue, Value};
use crate::error::TensorError;

/// Makes tensors on one device.
#[derive(Clone, Copy)]
pub struct Creator {
    pub(crate) host: Host,
    device: RawDevice,
}

impl Creator {
    pub(crate) fn new(host: Host, device: RawDevice) -> Self {
        Self { host, device }
    }

    /// A tensor from row-major data.
    pub fn tensor<T: Element>(&self, data: &[T], shape: &[i64]) -> Tensor {
        let bytes = size_of_val(data);
        // SAFETY: `T` is plain data without padding, so its bytes may be read.
        let data = unsafe { std::slice::from_raw_parts(data.as_ptr().cast::<u8>(), bytes) };
        let make = self.host.0.make();
        match make(self.host, T::DTYPE.code(), shape.into(), data.into(), self.device) {
            RResult::ROk(raw) => Tensor::from_raw(raw),
            RResult::RErr(fault) => TensorError::new("tensor", fault.message).throw(),
        }
    }

    /// A tensor filled with one value.
    pub fn full(&self, shape: &[i64], value: f64, dtype: Dtype) -> Tensor {
        self.make("aten::full", &[shape.into(), value.into()], dtype)
    }

    /// A tensor of zeros.
    pub fn zeros(&self, shape: &[i64], dtype: Dtype) -> Tensor {
        self.full(shape, 0.0, dtype)
    }

    /// A tensor of ones.
    pub fn ones(&self, shape: &[i64], dtype: Dtype) -> Tensor {
        self.full(shape, 1.0, dtype)
    }

    /// 0, 1, … n − 1 (i64).
    pub fn arange(&self, n: i64) -> Tensor {
        self.make("aten::arange", &[n.into()], Dtype::I64)
    }

    /// Any ATen operator by name, for those that take no tensor first.
    ///
    /// # Errors
    ///
    /// An unknown name, arguments that do not fit the schema, or what the operator itself says.
    pub fn try_op(
        &self,
        name: &str,
        args: &[Arg<'_>],
        named: &[(&str, Arg<'_>)],
    ) -> Result<Vec<Value>, TensorError> {
        call_values(self.host, name, args, named)
    }

    fn make(&self, name: &str, args: &[Arg<'_>], dtype: Dtype) -> Tensor {
        let options = [("dtype", dtype.into()), ("device", RawValue::Device(self.device))];
        let values = call_values(self.host, name, args, &options);
        single(name, values).unwrap_or_else(|error| error.throw())
    }
}

impl Tensor {
    /// Makes tensors where this one lives.
    pub fn creator(&self) -> Creator {
        Creator::new(self.raw().host, self.device().raw())
    }
}

impl Device {
    /// Whether this is a CUDA device.
    pub fn is_cuda(self) -> bool {
        matches!(self, Self::Cuda(_))
    }
}
