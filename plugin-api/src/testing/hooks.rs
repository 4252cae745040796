//! Calls of hooks, and the context that they get.

use std::ffi::c_void;
use std::sync::{Arc, LazyLock};

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RStr, RVec};

use super::connection::{Callable, Connection};
use super::handles::{host, write_log};
use super::values::{named_to_wire, to_named, to_value};
use crate::abi::{
    CtxOps, CtxOpsRef, CtxTable, Fault, Named, RawCtx, RawNamed, RawProgress, RawTensor, RawValue,
    Value, call_item,
};
use crate::tensor::Tensor;
use crate::wire::{HookCall, Request, Wire};

/// A context that the program has while a hook runs.
struct Context<'a> {
    connection: &'a Arc<Connection>,
    /// A hook may ask for what calls other hooks: a forward pass of the model.
    items: &'a [&'a Callable<'a>],
    number: u64,
    progress: RawProgress,
    training: bool,
    item: &'a str,
}

/// Calls a hook of one of the items, in the wrapper that a plugin file has.
pub fn call(
    connection: &Arc<Connection>,
    call: HookCall,
    items: &[&Callable<'_>],
) -> Result<Vec<Named>, Fault> {
    // The handles come first: whatever happens, they are released again.
    let args = to_named(connection, call.args);
    let found = items.iter().find(|item| item.number == call.item);
    let found =
        found.ok_or_else(|| Fault::from(format!("this trial has no item {}", call.item)))?;
    let progress = call.progress;
    let context = Context {
        connection,
        items,
        number: call.context,
        progress: RawProgress {
            step: progress.step,
            steps_per_epoch: progress.steps_per_epoch,
            total_steps: progress.total_steps,
        },
        training: call.training,
        item: &found.manifest.name,
    };
    let raw = RawCtx {
        pointer: std::ptr::from_ref(&context).cast(),
        table: CtxTable(*CONTEXT),
        host: host(),
    };
    Ok(lent(&args, |args| call_item(found.item, &call.hook, &raw, args))?)
}

/// Runs `body` with values lent as arguments of a hook.
fn lent<T>(values: &[Named], body: impl FnOnce(&[RawNamed<'_>]) -> T) -> T {
    let optional: Vec<Vec<_>> = values
        .iter()
        .map(|named| match &named.value {
            Value::OptTensorList(list) => {
                list.iter().map(|one| one.as_ref().into_option().map(Tensor::raw).into()).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    let all: Vec<RawNamed<'_>> = values
        .iter()
        .zip(&optional)
        .map(|(named, optional)| RawNamed {
            name: named.name.as_rstr(),
            value: raw(&named.value, optional),
        })
        .collect();
    body(&all)
}

fn raw<'a>(
    value: &'a Value,
    optional: &'a [abi_stable::std_types::ROption<RawTensor<'a>>],
) -> RawValue<'a> {
    match value {
        Value::None => RawValue::None,
        Value::Tensor(tensor) => tensor.into(),
        Value::Int(value) => RawValue::Int(*value),
        Value::Float(value) => RawValue::Float(*value),
        Value::Bool(value) => RawValue::Bool(*value),
        Value::Str(value) => RawValue::Str(value.as_rstr()),
        Value::Device(device) => RawValue::Device(*device),
        Value::Dtype(code) => RawValue::Dtype(*code),
        Value::IntList(list) => RawValue::IntList(list.as_rslice()),
        Value::FloatList(list) => RawValue::FloatList(list.as_rslice()),
        Value::BoolList(list) => RawValue::BoolList(list.as_rslice()),
        Value::TensorList(list) => list.as_slice().into(),
        Value::OptTensorList(_) => RawValue::OptTensorList(optional.into()),
    }
}

static CONTEXT: LazyLock<CtxOpsRef> =
    LazyLock::new(|| CtxOps { progress, training, tensor, ask }.leak_into_prefix());

/// The context behind the pointer.
///
/// # Safety
///
/// The pointer is what [`call`] made, and its hook is still running.
unsafe fn context<'a>(pointer: *const c_void) -> &'a Context<'a> {
    // SAFETY: by this function's contract.
    unsafe { &*pointer.cast::<Context<'a>>() }
}

unsafe extern "C" fn progress(pointer: *const c_void) -> RawProgress {
    // SAFETY: the plugin passes the pointer of its running call.
    unsafe { context(pointer) }.progress
}

unsafe extern "C" fn training(pointer: *const c_void) -> bool {
    // SAFETY: as above.
    unsafe { context(pointer) }.training
}

unsafe extern "C" fn tensor(pointer: *const c_void, name: RStr<'_>) -> RResult<Tensor, Fault> {
    // SAFETY: as above.
    let context = unsafe { context(pointer) };
    let run = || {
        let request = Request::ContextTensor(context.number, name.as_str().to_owned());
        let found = context.connection.values(&request)?.into_iter().next();
        match found.map(|named| to_value(context.connection, named.value)) {
            Some(Value::Tensor(tensor)) => Ok(tensor),
            _ => Err(Fault::from("the host gave no tensor")),
        }
    };
    run().into()
}

unsafe extern "C" fn ask(
    pointer: *const c_void,
    question: RStr<'_>,
    args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    // SAFETY: as above.
    let context = unsafe { context(pointer) };
    let args = named_to_wire(&args);
    if let ("log", [level, message]) = (question.as_str(), args.as_slice())
        && let (Wire::Int(level), Wire::Str(message)) = (&level.value, &message.value)
    {
        write_log(*level, context.item, message);
        return RResult::ROk(RVec::new());
    }
    let run = || {
        let request = Request::ContextAsk(context.number, question.as_str().to_owned(), args);
        let values = context.connection.converse(request, context.items)?;
        Ok(to_named(context.connection, values).into())
    };
    run().into()
}
