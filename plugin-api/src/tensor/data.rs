//! Shape, dtype, device, and the elements themselves.

use abi_stable::std_types::RResult;

use super::{Dtype, Tensor};
use crate::abi::{RawDevice, TensorInfo};
use crate::error::TensorError;

/// Where a tensor lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// Main memory.
    Cpu,
    /// The CUDA device of that number.
    Cuda(usize),
    /// Another kind of device, by PyTorch's number and index.
    Other(i32, i32),
}

impl Device {
    pub(crate) fn raw(self) -> RawDevice {
        match self {
            Self::Cpu => RawDevice { kind: 0, index: -1 },
            Self::Cuda(index) => {
                RawDevice { kind: 1, index: i32::try_from(index).unwrap_or(i32::MAX) }
            }
            Self::Other(kind, index) => RawDevice { kind, index },
        }
    }

    pub(crate) fn from_raw(raw: RawDevice) -> Self {
        match raw.kind {
            0 => Self::Cpu,
            1 => Self::Cuda(usize::try_from(raw.index).unwrap_or(0)),
            kind => Self::Other(kind, raw.index),
        }
    }
}

/// A Rust type that a tensor's elements can be read as and made from.
pub trait Element: Copy + Default + private::Plain {
    /// The matching dtype.
    const DTYPE: Dtype;
}

mod private {
    /// Types for which every bit pattern is a value.
    pub trait Plain {}
}

macro_rules! elements {
    ($($ty:ty = $dtype:ident;)*) => { $(
        impl private::Plain for $ty {}
        impl Element for $ty {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    )* };
}

elements! { u8 = U8; i8 = I8; i16 = I16; i32 = I32; i64 = I64; f32 = F32; f64 = F64; }

impl Tensor {
    fn info(&self) -> TensorInfo {
        // SAFETY: the handle is live.
        unsafe { (self.raw().host.0.info())(self.raw()) }
    }

    /// The sizes of its dimensions.
    pub fn shape(&self) -> Vec<i64> {
        self.info().shape.into_vec()
    }

    /// The size of one dimension; negative ones count from the end.
    pub fn size(&self, dim: i64) -> i64 {
        let shape = self.shape();
        let rank = shape.len() as i64;
        let index = if dim < 0 { dim + rank } else { dim };
        match usize::try_from(index).ok().and_then(|index| shape.get(index)) {
            Some(size) => *size,
            None => {
                let message = format!("dimension {dim} of a tensor of shape {shape:?}");
                TensorError::new("size", message).throw()
            }
        }
    }

    /// The number of elements.
    pub fn numel(&self) -> i64 {
        self.shape().iter().product()
    }

    /// The element type.
    pub fn dtype(&self) -> Dtype {
        Dtype::from_code(self.info().dtype)
    }

    /// Where it lives.
    pub fn device(&self) -> Device {
        Device::from_raw(self.info().device)
    }

    /// Whether autograd records what is done with it.
    pub fn requires_grad(&self) -> bool {
        self.info().requires_grad
    }

    /// The elements in row-major order, converted to `T`.
    ///
    /// On a CUDA device this waits for all work before it, and the hook can no longer be captured
    /// in a CUDA graph.
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        let mut out = vec![T::default(); usize::try_from(self.numel()).unwrap_or(0)];
        let bytes = size_of_val(out.as_slice());
        // SAFETY: `T` is plain data, so its bytes may be overwritten with any bytes.
        let buffer =
            unsafe { std::slice::from_raw_parts_mut(out.as_mut_ptr().cast::<u8>(), bytes) };
        // SAFETY: the handle is live and the buffer has the size that shape and dtype ask for.
        let read =
            unsafe { (self.raw().host.0.read())(self.raw(), T::DTYPE.code(), buffer.into()) };
        match read {
            RResult::ROk(()) => out,
            RResult::RErr(fault) => TensorError::new("to_vec", fault.message).throw(),
        }
    }

    /// The only element, as f64. The note at [`Tensor::to_vec`] holds here, too.
    pub fn item(&self) -> f64 {
        let all = self.to_vec::<f64>();
        match all.as_slice() {
            [one] => *one,
            _ => {
                let message = format!("a tensor of shape {:?} has no single element", self.shape());
                TensorError::new("item", message).throw()
            }
        }
    }
}
