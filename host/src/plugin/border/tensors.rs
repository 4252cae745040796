//! The function table behind every tensor handle.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::{LazyLock, RwLock};

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RSliceMut, RStr, RVec};
use jackpot_plugin_api::abi::{
    Fault, Host, HostOps, HostOpsRef, Named, OpId, RawDevice, RawNamed, RawTensor, RawValue,
    TensorInfo, Value,
};
use jackpot_plugin_api::tensor::Tensor as Handle;
use tch::{Device, Tensor};
use torch_sys::C_tensor;

use super::faults::{guarded, unknown_question};
use super::values::{Arguments, Borrowed, to_plugin};
use crate::plugin::probe;
use crate::torch::capture::refuse;
use crate::torch::codes::{device_code, device_of, dtype_code, dtype_of};
use crate::torch::grad::{GradMode, GradOptions, grad};
use crate::torch::op::Schema;
use crate::torch::op::record::{is_recording, note_read};
use crate::torch::upload::upload;
use crate::torch::{Arg, Op, Value as HostValue, bytes};

/// What device −1 means to a plugin.
static TRAINING_DEVICE: RwLock<Device> = RwLock::new(Device::Cpu);

/// Sets the device on which plugins make new tensors.
pub fn set_training_device(device: Device) {
    if let Ok(mut current) = TRAINING_DEVICE.write() {
        *current = device;
    }
}

/// The host's table, as tensors carry it.
pub fn host() -> Host {
    Host::new(ops())
}

/// The host's table.
pub fn ops() -> HostOpsRef {
    static OPS: LazyLock<HostOpsRef> = LazyLock::new(|| {
        HostOps {
            retain,
            release,
            info,
            find,
            call,
            read,
            make,
            grad: gradients,
            grad_mode,
            log,
            ask,
            #[cfg(feature = "next")]
            next: jackpot_plugin_api::next::double,
        }
        .leak_into_prefix()
    });
    *OPS
}

/// A tensor that belongs to somebody else, read through its handle.
pub fn borrow(raw: RawTensor<'_>) -> Borrowed {
    // SAFETY: every handle was made by `give` or `lend` below, so the pointer is an at::Tensor;
    // `ManuallyDrop` leaves the ownership where it is.
    ManuallyDrop::new(unsafe { Tensor::from_ptr(raw.pointer().cast::<C_tensor>()) })
}

/// A handle to a tensor that stays the host's.
pub fn lend<'a>(tensor: &Tensor) -> RawTensor<'a> {
    RawTensor::new(tensor.as_ptr().cast_mut().cast::<c_void>(), host())
}

/// A handle that owns the tensor.
pub fn give(tensor: Tensor) -> Handle {
    probe::count(1);
    let tensor = ManuallyDrop::new(tensor);
    // SAFETY: the pointer now belongs to the handle alone.
    unsafe { Handle::from_host(lend(&tensor)) }
}

/// A device as it crosses.
pub fn raw_device(device: Device) -> RawDevice {
    let (kind, index) = device_code(device);
    RawDevice { kind, index: i32::try_from(index).unwrap_or(i32::MAX) }
}

/// The device that a plugin means.
pub fn device(raw: RawDevice) -> Result<Device, String> {
    if raw.kind == -1 {
        return Ok(TRAINING_DEVICE.read().map_or(Device::Cpu, |current| *current));
    }
    device_of(raw.kind, raw.index.into()).ok_or_else(|| format!("there is no device {raw:?}"))
}

unsafe extern "C" fn retain(raw: RawTensor<'_>) -> RawTensor<'static> {
    let copy = borrow(raw).shallow_clone();
    probe::count(1);
    lend(&ManuallyDrop::new(copy))
}

unsafe extern "C" fn release(raw: RawTensor<'_>) {
    probe::count(-1);
    drop(ManuallyDrop::into_inner(borrow(raw)));
}

unsafe extern "C" fn info(raw: RawTensor<'_>) -> TensorInfo {
    let tensor = borrow(raw);
    // What is computed of a few images for all of them must not depend on how many they are.
    if is_recording() && tensor.dim() > 0 {
        note_read();
    }
    TensorInfo {
        shape: tensor.size().into(),
        dtype: tensor.f_kind().map_or(-1, dtype_code),
        device: raw_device(tensor.device()),
        requires_grad: tensor.requires_grad(),
    }
}

extern "C" fn find(name: RStr<'_>) -> RResult<OpId, Fault> {
    guarded(|| {
        let op = Op::find(name.as_str()).map_err(|e| e.to_string())?;
        if op.schemas().iter().any(Schema::always_random) {
            return Err(format!(
                "`{name}` draws numbers from libtorch's generator, whose state is lost when a run is \
                 resumed; use ctx.rng()"
            )
            .into());
        }
        Ok(op.id().into())
    })
}

unsafe extern "C" fn call(
    _host: Host,
    id: OpId,
    args: RSlice<'_, RawValue<'_>>,
    named: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Value>, Fault> {
    guarded(|| {
        let op = u32::try_from(id).ok().and_then(Op::from_id);
        let op = op.ok_or_else(|| format!("there is no operator number {id}"))?;
        let values = invoke(op, args.as_slice(), named.as_slice())?;
        Ok(values.into_iter().map(to_plugin).collect::<Vec<_>>().into())
    })
}

fn invoke(op: Op, args: &[RawValue<'_>], named: &[RawNamed<'_>]) -> Result<Vec<HostValue>, String> {
    if named.is_empty() {
        return Arguments::with(args, |args| op.call(args, &[]).map_err(|e| e.to_string()));
    }
    let all: Vec<_> = args.iter().copied().chain(named.iter().map(|one| one.value)).collect();
    Arguments::with(&all, |all| {
        let (positional, values) = all.split_at(args.len());
        let named: Vec<(&str, Arg<'_>)> =
            named.iter().zip(values).map(|(one, value)| (one.name.as_str(), *value)).collect();
        op.call(positional, &named).map_err(|e| e.to_string())
    })
}

unsafe extern "C" fn read(
    raw: RawTensor<'_>,
    dtype: i32,
    mut out: RSliceMut<'_, u8>,
) -> RResult<(), Fault> {
    guarded(|| {
        let kind = dtype_of(dtype.into()).ok_or_else(|| format!("there is no dtype {dtype}"))?;
        // A single number, such as a knob's, is as good as the plugin's own.
        if borrow(raw).dim() > 0 {
            note_read();
        }
        refuse(|| "a plugin reads a tensor's numbers on the host".to_owned());
        let tensor = borrow(raw).detach().f_to_device(Device::Cpu).map_err(|e| e.to_string())?;
        let tensor = tensor.f_to_kind(kind).map_err(|e| e.to_string())?;
        let data = bytes::to_bytes(&tensor).map_err(|e| e.to_string())?;
        let out = out.as_mut_slice();
        if data.len() != out.len() {
            let (asked, there) = (out.len(), data.len());
            return Err(format!("{asked} bytes were asked for, there are {there}").into());
        }
        out.copy_from_slice(&data);
        Ok(())
    })
}

extern "C" fn make(
    _host: Host,
    dtype: i32,
    shape: RSlice<'_, i64>,
    data: RSlice<'_, u8>,
    raw: RawDevice,
) -> RResult<RawTensor<'static>, Fault> {
    guarded(|| {
        let kind = dtype_of(dtype.into()).ok_or_else(|| format!("there is no dtype {dtype}"))?;
        let tensor = bytes::from_bytes(kind, shape.as_slice(), data.as_slice())
            .map_err(|e| e.to_string())?;
        let tensor = upload(&tensor, device(raw)?).map_err(|e| e.to_string())?;
        probe::count(1);
        Ok(lend(&ManuallyDrop::new(tensor)))
    })
}

unsafe extern "C" fn gradients(
    _host: Host,
    outputs: RSlice<'_, RawTensor<'_>>,
    inputs: RSlice<'_, RawTensor<'_>>,
    weights: RSlice<'_, RawTensor<'_>>,
    flags: u32,
) -> RResult<Value, Fault> {
    guarded(|| {
        let borrow_all = |raws: &[RawTensor<'_>]| raws.iter().map(|raw| borrow(*raw)).collect();
        let all: [Vec<Borrowed>; 3] =
            [outputs, inputs, weights].map(|raws| borrow_all(raws.as_slice()));
        let [outputs, inputs, weights] =
            all.each_ref().map(|list| list.iter().map(|tensor| &**tensor).collect::<Vec<_>>());
        let options = GradOptions {
            create_graph: flags & 1 != 0,
            allow_unused: flags & 2 != 0,
            retain_graph: flags & 4 != 0,
        };
        let weights = (!weights.is_empty()).then_some(weights.as_slice());
        let found = grad(&outputs, &inputs, weights, options).map_err(|e| e.to_string())?;
        Ok(to_plugin(HostValue::OptTensorList(found)))
    })
}

extern "C" fn grad_mode(enabled: bool) -> bool {
    let before = GradMode::is_enabled();
    // The plugin's own guard restores the mode, so this one must not.
    std::mem::forget(if enabled { GradMode::enable() } else { GradMode::disable() });
    before
}

extern "C" fn log(level: u8, plugin: RStr<'_>, message: RStr<'_>) {
    write_log(level, plugin.as_str(), message.as_str());
}

/// A line of a plugin in the host's log.
pub fn write_log(level: u8, plugin: &str, message: &str) {
    match level {
        0 | 1 => tracing::error!(target: "plugin", "{plugin}: {message}"),
        2 => tracing::warn!(target: "plugin", "{plugin}: {message}"),
        3 => tracing::info!(target: "plugin", "{plugin}: {message}"),
        4 => tracing::debug!(target: "plugin", "{plugin}: {message}"),
        _ => tracing::trace!(target: "plugin", "{plugin}: {message}"),
    }
}

unsafe extern "C" fn ask(
    _host: Host,
    question: RStr<'_>,
    _args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    RResult::RErr(unknown_question(question.as_str()))
}
