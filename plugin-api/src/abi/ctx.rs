//! What a hook is handed with every call.

use std::ffi::c_void;

use abi_stable::StableAbi;
use abi_stable::std_types::{RResult, RSlice, RStr, RVec};

use super::fault::Fault;
use super::host::Host;
use super::value::{Named, RawNamed};
use crate::tensor::Tensor;

/// How far a training is.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawProgress {
    /// Optimizer steps done.
    pub step: u64,
    /// Optimizer steps in one epoch.
    pub steps_per_epoch: u64,
    /// Optimizer steps in the whole training.
    pub total_steps: u64,
}

/// Functions over the host's side of a context. Only ever grows at its end.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = CtxOpsRef, prefix_fields = CtxOpsPrefix)))]
#[sabi(missing_field(panic))]
pub struct CtxOps {
    /// How far the training is.
    pub progress: unsafe extern "C" fn(*const c_void) -> RawProgress,
    /// Whether this is a training step (not an evaluation).
    pub training: unsafe extern "C" fn(*const c_void) -> bool,
    /// The tensor that the item declared, or its knob, under that name.
    pub tensor: unsafe extern "C" fn(*const c_void, RStr<'_>) -> RResult<Tensor, Fault>,
    /// Everything else, by name: the site, random numbers, the model.
    #[sabi(last_prefix_field)]
    pub ask: unsafe extern "C" fn(
        *const c_void,
        RStr<'_>,
        RSlice<'_, RawNamed<'_>>,
    ) -> RResult<RVec<Named>, Fault>,
    /// What a later version appends: 21 gives 42.
    #[cfg(feature = "next")]
    #[sabi(missing_field(option))]
    pub next: extern "C" fn(i64) -> i64,
}

/// A reference to the functions; opaque for the same reason as [`Host`].
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy)]
#[sabi(unsafe_opaque_fields)]
pub struct CtxTable(pub(crate) CtxOpsRef);

/// A context as it crosses.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct RawCtx {
    pub(crate) pointer: *const c_void,
    pub(crate) table: CtxTable,
    pub(crate) host: Host,
}

#[cfg(feature = "host")]
impl RawCtx {
    /// A context whose `pointer` the functions of `ops` understand.
    pub fn new(pointer: *const c_void, ops: CtxOpsRef, host: Host) -> Self {
        Self { pointer, table: CtxTable(ops), host }
    }

    /// What the functions of [`RawCtx::ops`] understand.
    pub fn pointer(&self) -> *const c_void {
        self.pointer
    }

    /// The functions.
    pub fn ops(&self) -> CtxOpsRef {
        self.table.0
    }
}
