//! The host's function table, which every tensor carries.

use abi_stable::StableAbi;
use abi_stable::std_types::{RResult, RSlice, RSliceMut, RStr, RVec};

use super::fault::Fault;
use super::value::{Named, RawDevice, RawNamed, RawTensor, RawValue, Value};

/// An operator's number, the same in the whole process.
pub type OpId = u64;

/// What a tensor says of itself.
#[repr(C)]
#[derive(StableAbi, Clone)]
pub struct TensorInfo {
    /// The sizes of its dimensions.
    pub shape: RVec<i64>,
    /// PyTorch's `ScalarType` number.
    pub dtype: i32,
    /// Where it lives.
    pub device: RawDevice,
    /// Whether autograd records what is done with it.
    pub requires_grad: bool,
}

/// Functions of the host. Only ever grows at its end.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = HostOpsRef, prefix_fields = HostOpsPrefix)))]
#[sabi(missing_field(panic))]
pub struct HostOps {
    /// A second handle to the same tensor.
    pub retain: unsafe extern "C" fn(RawTensor<'_>) -> RawTensor<'static>,
    /// Gives a handle back.
    pub release: unsafe extern "C" fn(RawTensor<'_>),
    /// Shape, dtype and device.
    pub info: unsafe extern "C" fn(RawTensor<'_>) -> TensorInfo,
    /// The operator of that name: `aten::add.Tensor`, or without the overload.
    pub find: extern "C" fn(RStr<'_>) -> RResult<OpId, Fault>,
    /// Calls an operator: positional arguments, then named ones.
    pub call: unsafe extern "C" fn(
        Host,
        OpId,
        RSlice<'_, RawValue<'_>>,
        RSlice<'_, RawNamed<'_>>,
    ) -> RResult<RVec<Value>, Fault>,
    /// Copies the data, in row-major order and in the dtype given, into bytes of just that size.
    pub read: unsafe extern "C" fn(RawTensor<'_>, i32, RSliceMut<'_, u8>) -> RResult<(), Fault>,
    /// A new tensor from row-major data.
    pub make: extern "C" fn(
        Host,
        i32,
        RSlice<'_, i64>,
        RSlice<'_, u8>,
        RawDevice,
    ) -> RResult<RawTensor<'static>, Fault>,
    /// Gradients of the sum of outputs × grad_outputs to each input; `None` where there is none.
    /// Flags: 1 create_graph, 2 allow_unused, 4 retain_graph.
    pub grad: unsafe extern "C" fn(
        Host,
        RSlice<'_, RawTensor<'_>>,
        RSlice<'_, RawTensor<'_>>,
        RSlice<'_, RawTensor<'_>>,
        u32,
    ) -> RResult<Value, Fault>,
    /// Switches this thread's recording for autograd and says what it was.
    pub grad_mode: extern "C" fn(bool) -> bool,
    /// A line for the host's log: level 1 (error) to 5 (trace), plugin, message.
    pub log: extern "C" fn(u8, RStr<'_>, RStr<'_>),
    /// Everything that may come later, by name.
    #[sabi(last_prefix_field)]
    pub ask: unsafe extern "C" fn(
        Host,
        RStr<'_>,
        RSlice<'_, RawNamed<'_>>,
    ) -> RResult<RVec<Named>, Fault>,
    /// What a later version appends: 21 gives 42.
    #[cfg(feature = "next")]
    #[sabi(missing_field(option))]
    pub next: extern "C" fn(i64) -> i64,
}

/// A reference to the host's functions.
///
/// Opaque to the layout check: a host whose table has grown would otherwise be refused by files
/// that know the shorter one ("too many fields"). A field that the other side lacks is noticed at
/// its first use.
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy)]
#[sabi(unsafe_opaque_fields)]
pub struct Host(pub(crate) HostOpsRef);

#[cfg(feature = "host")]
impl Host {
    /// Wraps the host's own table.
    pub fn new(ops: HostOpsRef) -> Self {
        Self(ops)
    }
}
