//! The function tables where there is no host: everything that needs one says so.

use std::ffi::c_void;
use std::sync::LazyLock;

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RSliceMut, RStr, RVec};

use crate::abi::{
    CtxOps, CtxOpsRef, CtxTable, Fault, Host, HostOps, HostOpsRef, Named, OpId, RawCtx, RawDevice,
    RawNamed, RawProgress, RawTensor, RawValue, TensorInfo, Value,
};
use crate::ctx::Progress;
use crate::tensor::Tensor;

const ALONE: &str = "here is no host, which has all tensors: use testing::Host";

/// A context that knows the progress alone; valid while that is borrowed.
pub fn context(progress: &Progress) -> RawCtx {
    let pointer = std::ptr::from_ref(progress).cast();
    RawCtx { pointer, table: CtxTable(*CONTEXT), host: Host(*HOST) }
}

static CONTEXT: LazyLock<CtxOpsRef> =
    LazyLock::new(|| CtxOps { progress, training, tensor, ask }.leak_into_prefix());

unsafe extern "C" fn progress(pointer: *const c_void) -> RawProgress {
    // SAFETY: `context` made the pointer, and the progress is still borrowed.
    let Progress { step, steps_per_epoch, total_steps } = unsafe { *pointer.cast::<Progress>() };
    RawProgress { step, steps_per_epoch, total_steps }
}

unsafe extern "C" fn training(_: *const c_void) -> bool {
    true
}

unsafe extern "C" fn tensor(_: *const c_void, _: RStr<'_>) -> RResult<Tensor, Fault> {
    RResult::RErr(ALONE.into())
}

unsafe extern "C" fn ask(
    _: *const c_void,
    _: RStr<'_>,
    _: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    RResult::RErr(ALONE.into())
}

/// A host that has nothing; so there are no tensors of it, either.
static HOST: LazyLock<HostOpsRef> = LazyLock::new(|| {
    HostOps {
        retain,
        release,
        info,
        find,
        call: operator,
        read,
        make,
        grad,
        grad_mode,
        log,
        ask: host_ask,
    }
    .leak_into_prefix()
});

unsafe extern "C" fn retain(raw: RawTensor<'_>) -> RawTensor<'static> {
    RawTensor::of(raw.pointer, raw.host)
}

unsafe extern "C" fn release(_: RawTensor<'_>) {}

unsafe extern "C" fn info(_: RawTensor<'_>) -> TensorInfo {
    let device = RawDevice { kind: 0, index: -1 };
    TensorInfo { shape: RVec::new(), dtype: -1, device, requires_grad: false }
}

extern "C" fn find(_: RStr<'_>) -> RResult<OpId, Fault> {
    RResult::RErr(ALONE.into())
}

unsafe extern "C" fn operator(
    _: Host,
    _: OpId,
    _: RSlice<'_, RawValue<'_>>,
    _: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Value>, Fault> {
    RResult::RErr(ALONE.into())
}

unsafe extern "C" fn read(_: RawTensor<'_>, _: i32, _: RSliceMut<'_, u8>) -> RResult<(), Fault> {
    RResult::RErr(ALONE.into())
}

extern "C" fn make(
    _: Host,
    _: i32,
    _: RSlice<'_, i64>,
    _: RSlice<'_, u8>,
    _: RawDevice,
) -> RResult<RawTensor<'static>, Fault> {
    RResult::RErr(ALONE.into())
}

unsafe extern "C" fn grad(
    _: Host,
    _: RSlice<'_, RawTensor<'_>>,
    _: RSlice<'_, RawTensor<'_>>,
    _: RSlice<'_, RawTensor<'_>>,
    _: u32,
) -> RResult<Value, Fault> {
    RResult::RErr(ALONE.into())
}

extern "C" fn grad_mode(enabled: bool) -> bool {
    enabled
}

extern "C" fn log(_: u8, _: RStr<'_>, _: RStr<'_>) {}

unsafe extern "C" fn host_ask(
    _: Host,
    _: RStr<'_>,
    _: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    RResult::RErr(ALONE.into())
}
