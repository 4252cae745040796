//! Handles of tensors that live in the program, and the function table that they carry.

use std::sync::{Arc, LazyLock};

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RSliceMut, RStr, RVec};

use super::connection::{self, Connection};
use super::values::{all_to_wire, for_each_tensor, id_of, named_to_wire, to_named, to_value};
use crate::abi::{
    Fault, Host, HostOps, HostOpsRef, Named, OpId, RawDevice, RawNamed, RawTensor, RawValue,
    TensorInfo, Value,
};
use crate::tensor::Tensor;
use crate::wire::{Answer, Call, Request, Wire};

/// A tensor that the program keeps for this process until this is dropped.
pub struct Remote {
    pub connection: Arc<Connection>,
    pub id: u64,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.connection.release(self.id);
    }
}

/// The table of every tensor of a program.
pub fn host() -> Host {
    static OPS: LazyLock<HostOpsRef> = LazyLock::new(|| {
        HostOps {
            retain,
            release,
            info,
            find,
            call,
            read,
            make,
            grad,
            grad_mode: connection_grad_mode,
            log,
            ask,
        }
        .leak_into_prefix()
    });
    Host(*OPS)
}

/// A tensor that the program keeps under that number.
pub fn tensor(connection: &Arc<Connection>, id: u64) -> Tensor {
    let remote = Arc::new(Remote { connection: connection.clone(), id });
    Tensor::from_raw(RawTensor::of(Arc::into_raw(remote).cast_mut().cast(), host()))
}

/// What a handle points to.
pub fn remote<'a>(raw: &RawTensor<'a>) -> &'a Remote {
    // SAFETY: every handle in this process was made by `tensor`, and the reference lives no longer
    // than the handle.
    unsafe { &*raw.pointer.cast::<Remote>() }
}

unsafe extern "C" fn retain(raw: RawTensor<'_>) -> RawTensor<'static> {
    // SAFETY: the pointer is of an `Arc` that this handle keeps.
    unsafe { Arc::increment_strong_count(raw.pointer.cast::<Remote>()) };
    RawTensor::of(raw.pointer, raw.host)
}

unsafe extern "C" fn release(raw: RawTensor<'_>) {
    // SAFETY: the handle gives its share of the `Arc` back, once.
    drop(unsafe { Arc::from_raw(raw.pointer.cast::<Remote>()) });
}

unsafe extern "C" fn info(raw: RawTensor<'_>) -> TensorInfo {
    let (mut shape, mut dtype, mut requires_grad) = (RVec::new(), -1, false);
    let mut device = RawDevice { kind: 0, index: -1 };
    let remote = remote(&raw);
    match remote.connection.values(&Request::Info(remote.id)) {
        Ok(values) => {
            for named in values {
                match named.value {
                    Wire::IntList(found) => shape = found.into(),
                    Wire::Dtype(found) => dtype = found,
                    Wire::Device(found) => device = found,
                    Wire::Bool(found) => requires_grad = found,
                    _ => {}
                }
            }
        }
        // This function cannot fail; the next one that can says what is the matter.
        Err(fault) => eprintln!("{}", fault.message),
    }
    TensorInfo { shape, dtype, device, requires_grad }
}

extern "C" fn find(name: RStr<'_>) -> RResult<OpId, Fault> {
    connection::find(name.as_str()).into()
}

unsafe extern "C" fn call(
    _: Host,
    op: OpId,
    args: RSlice<'_, RawValue<'_>>,
    named: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Value>, Fault> {
    let run = || {
        let all = args.iter().chain(named.iter().map(|named| &named.value));
        let connection = one_connection(all)?;
        let call = Call {
            op: connection.operator(op)?,
            args: all_to_wire(&args),
            named: named_to_wire(&named),
        };
        let values = connection.values(&Request::Call(call))?;
        let values = values.into_iter().map(|named| to_value(&connection, named.value));
        Ok(values.collect::<Vec<_>>().into())
    };
    run().into()
}

unsafe extern "C" fn read(
    raw: RawTensor<'_>,
    dtype: i32,
    mut out: RSliceMut<'_, u8>,
) -> RResult<(), Fault> {
    let remote = remote(&raw);
    let mut run = || match remote.connection.ask(&Request::Read(remote.id, dtype))? {
        Answer::Bytes(bytes) if bytes.len() == out.len() => {
            out.as_mut_slice().copy_from_slice(&bytes);
            Ok(())
        }
        _ => Err(Fault::from("the host gave data of another size")),
    };
    run().into()
}

extern "C" fn make(
    _: Host,
    dtype: i32,
    shape: RSlice<'_, i64>,
    data: RSlice<'_, u8>,
    device: RawDevice,
) -> RResult<RawTensor<'static>, Fault> {
    let run = || {
        let (connection, shape, data) = (connection::running()?, shape.to_vec(), data.to_vec());
        let made = connection.values(&Request::Make { dtype, shape, data, device })?;
        match made.into_iter().next().map(|named| named.value) {
            Some(Wire::Tensor(id)) => {
                let tensor = std::mem::ManuallyDrop::new(tensor(&connection, id));
                Ok(RawTensor::of(tensor.raw().pointer, host()))
            }
            _ => Err(Fault::from("the host made no tensor")),
        }
    };
    run().into()
}

unsafe extern "C" fn grad(
    _: Host,
    outputs: RSlice<'_, RawTensor<'_>>,
    inputs: RSlice<'_, RawTensor<'_>>,
    weights: RSlice<'_, RawTensor<'_>>,
    flags: u32,
) -> RResult<Value, Fault> {
    let run = || {
        let all = [outputs, inputs, weights].map(RawValue::TensorList);
        let connection = one_connection(all.iter())?;
        let [outputs, inputs, weights] =
            [outputs, inputs, weights].map(|list| list.iter().map(id_of).collect());
        let found = connection
            .values(&Request::Grad { outputs, inputs, weights, flags })?
            .into_iter()
            .next();
        Ok(found.map_or(Value::None, |named| to_value(&connection, named.value)))
    };
    run().into()
}

extern "C" fn connection_grad_mode(enabled: bool) -> bool {
    connection::grad_mode(enabled)
}

extern "C" fn log(level: u8, plugin: RStr<'_>, message: RStr<'_>) {
    write_log(level.into(), plugin.as_str(), message.as_str());
}

/// A line of a plugin, which `cargo test` shows where the test fails.
pub fn write_log(level: i64, plugin: &str, message: &str) {
    let level = match level {
        0 | 1 => "error",
        2 => "warning",
        3 => "info",
        4 => "debug",
        _ => "trace",
    };
    eprintln!("{level}: {plugin}: {message}");
}

unsafe extern "C" fn ask(
    _: Host,
    question: RStr<'_>,
    args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    let run = || {
        let connection = connection::running()?;
        let request = Request::Ask(question.as_str().to_owned(), named_to_wire(&args));
        Ok(to_named(&connection, connection.values(&request)?).into())
    };
    run().into()
}

/// The program of all tensors among the values; the running one if there are none.
fn one_connection<'a>(
    values: impl Iterator<Item = &'a RawValue<'a>>,
) -> Result<Arc<Connection>, Fault> {
    let mut found: Option<Arc<Connection>> = None;
    let mut different = false;
    for value in values {
        for_each_tensor(value, &mut |raw| {
            let connection = &remote(raw).connection;
            match &found {
                Some(known) => different |= !Arc::ptr_eq(known, connection),
                None => found = Some(connection.clone()),
            }
        });
    }
    if different {
        return Err("one of the tensors is of a host that has ended".into());
    }
    found.map_or_else(connection::running, Ok)
}
