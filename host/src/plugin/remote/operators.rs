//! The functions of the ABI's tables, called for the test with the very functions that a loaded
//! plugin file gets.

use abi_stable::std_types::RSliceMut;
use jackpot_plugin_api::abi::{Fault, Named, RawNamed, RawTensor, RawValue, Value};
use jackpot_plugin_api::tensor::{Dtype, Tensor as Handle};
use jackpot_plugin_api::wire::{Answer, Call, Outcome, Request, Wire, WireNamed};

use super::root::context;
use super::serve::{Link, with_mode};
use super::values::{Held, lent, lent_named};
use crate::plugin::border::tensors::{host, ops};

/// What the test gets for a request.
pub fn answer(link: &Link, grad: bool, request: Request) -> Outcome {
    let held = &link.held;
    match request {
        Request::Find(name) => {
            let id = (ops().find())(name.as_str().into()).into_result()?;
            one(held, Value::Int(id.cast_signed()))
        }
        Request::Call(call) => with_mode(grad, || operator(held, call)),
        Request::Info(id) => info(&held.get(id)?),
        Request::Read(id, dtype) => read(&held.get(id)?, dtype),
        Request::Make { dtype, shape, data, device } => {
            let (shape, data) = (shape.as_slice().into(), data.as_slice().into());
            let raw = (ops().make())(host(), dtype, shape, data, device).into_result()?;
            // SAFETY: the handle is new and belongs to nobody else.
            one(held, Value::Tensor(unsafe { Handle::from_host(raw) }))
        }
        Request::Grad { outputs, inputs, weights, flags } => with_mode(grad, || {
            let all = [held.all(&outputs)?, held.all(&inputs)?, held.all(&weights)?];
            let [outputs, inputs, weights] = all
                .each_ref()
                .map(|list| list.iter().map(Handle::host_handle).collect::<Vec<RawTensor<'_>>>());
            let (outputs, inputs) = (outputs.as_slice().into(), inputs.as_slice().into());
            let weights = weights.as_slice().into();
            // SAFETY: the handles are live.
            one(
                held,
                unsafe { (ops().grad())(host(), outputs, inputs, weights, flags) }.into_result()?,
            )
        }),
        Request::Ask(question, args) => {
            let args = held.all_to_values(args)?;
            // SAFETY: the arguments are live.
            let ask = |args: &[RawNamed<'_>]| unsafe {
                (ops().ask())(host(), question.as_str().into(), args.into())
            };
            values(held, lent_named(&args, ask).into_result()?)
        }
        Request::ContextTensor(number, name) => {
            let ctx = context(number)?;
            // SAFETY: the hook of this context is running.
            let tensor = unsafe { (ctx.ops().tensor())(ctx.pointer(), name.as_str().into()) };
            one(held, Value::Tensor(tensor.into_result()?))
        }
        Request::ContextAsk(number, question, args) => with_mode(grad, || {
            let (ctx, args) = (context(number)?, held.all_to_values(args)?);
            // SAFETY: the hook of this context is running, and the arguments are live.
            let ask = |args: &[RawNamed<'_>]| unsafe {
                (ctx.ops().ask())(ctx.pointer(), question.as_str().into(), args.into())
            };
            values(held, lent_named(&args, ask).into_result()?)
        }),
        Request::Do(..) | Request::Returned(_) => Err("this is no question to the host".into()),
    }
}

fn operator(held: &Held, call: Call) -> Outcome {
    let args =
        call.args.into_iter().map(|one| held.to_value(one)).collect::<Result<Vec<_>, _>>()?;
    let named = held.all_to_values(call.named)?;
    let run = |args: &[RawValue<'_>]| {
        lent_named(&named, |named| {
            // SAFETY: the arguments are live.
            unsafe { (ops().call())(host(), call.op, args.into(), named.into()) }
        })
    };
    let results = lent(&args, run).into_result()?;
    values(held, results.into_iter().map(|value| Named::new("", value)))
}

fn info(tensor: &Handle) -> Outcome {
    // SAFETY: the handle is live.
    let info = unsafe { (ops().info())(tensor.host_handle()) };
    let wire = [
        ("shape", Wire::IntList(info.shape.into_vec())),
        ("dtype", Wire::Dtype(info.dtype)),
        ("device", Wire::Device(info.device)),
        ("requires_grad", Wire::Bool(info.requires_grad)),
    ];
    Ok(Answer::Values(wire.map(|(name, value)| WireNamed::new(name, value)).into()))
}

fn read(tensor: &Handle, dtype: i32) -> Outcome {
    let size = Dtype::from_code(dtype).size();
    let size = size.ok_or_else(|| Fault::from(format!("there is no dtype {dtype}")))?;
    let mut bytes = vec![0; usize::try_from(tensor.numel()).unwrap_or(0) * size];
    let into = RSliceMut::from_mut_slice(&mut bytes);
    // SAFETY: the handle is live.
    unsafe { (ops().read())(tensor.host_handle(), dtype, into) }.into_result()?;
    Ok(Answer::Bytes(bytes))
}

fn one(held: &Held, value: Value) -> Outcome {
    values(held, [Named::new("", value)])
}

fn values(held: &Held, all: impl IntoIterator<Item = Named>) -> Outcome {
    Ok(Answer::Values(held.all_to_wire(all)))
}
