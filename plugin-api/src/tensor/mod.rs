//! Tensors that live in the host.
//!
//! A [`Tensor`] is a handle with the host's function table; every operation runs the host's ATen
//! operator of that name, so autograd, CUDA and capture work by themselves and a plugin links no
//! libtorch. Names and meaning are PyTorch's. An operation that fails leaves the hook with an
//! error (see [`TensorError`]); it need not be handled.

mod arithmetic;
mod create;
mod data;
mod dtype;
mod grad;
mod methods;
mod named;
mod op;
mod select;

pub use create::Creator;
pub use data::{Device, Element};
pub use dtype::Dtype;
pub use grad::{GradOptions, grad, no_grad, with_grad};
pub use named::NamedTensors;
pub use op::Arg;

use abi_stable::StableAbi;
use abi_stable::std_types::RSlice;

use crate::abi::RawTensor;

#[cfg(doc)]
use crate::error::TensorError;

/// A handle to a tensor of the host. Cloning makes a second handle to the same data.
#[repr(transparent)]
#[derive(StableAbi)]
pub struct Tensor(RawTensor<'static>);

// SAFETY: the handle is an at::Tensor with an atomic reference count, and the host's table is made
// of plain functions that may be called from any thread.
unsafe impl Send for Tensor {}
// SAFETY: as above; operations that change a tensor in place go through the host, which
// synchronises no less than PyTorch does.
unsafe impl Sync for Tensor {}

impl Tensor {
    /// Takes over a handle.
    pub(crate) fn from_raw(raw: RawTensor<'static>) -> Self {
        Self(raw)
    }

    /// The handle, borrowed.
    pub(crate) fn raw(&self) -> RawTensor<'_> {
        self.0
    }

    /// The same handles, borrowed.
    pub(crate) fn raw_slice(tensors: &[Self]) -> RSlice<'_, RawTensor<'_>> {
        // SAFETY: `Tensor` is a transparent wrapper of `RawTensor`.
        unsafe { RSlice::from_raw_parts(tensors.as_ptr().cast(), tensors.len()) }
    }
}

#[cfg(feature = "host")]
impl Tensor {
    /// Takes over a handle that the host made.
    ///
    /// # Safety
    ///
    /// The pointer belongs to nobody else, and the table's functions understand it.
    pub unsafe fn from_host(raw: RawTensor<'static>) -> Self {
        Self(raw)
    }

    /// The host's own pointer, still owned by this handle.
    pub fn host_handle(&self) -> RawTensor<'_> {
        self.0
    }
}

impl Clone for Tensor {
    fn clone(&self) -> Self {
        // SAFETY: the handle is live.
        Self(unsafe { (self.0.host.0.retain())(self.0) })
    }
}

impl Drop for Tensor {
    fn drop(&mut self) {
        // SAFETY: the handle is live and not used after this.
        unsafe { (self.0.host.0.release())(self.0) }
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({:?}, {:?}, {:?})", self.shape(), self.dtype(), self.device())
    }
}
