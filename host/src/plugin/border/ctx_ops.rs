//! The function table behind every context.

use std::ffi::c_void;
use std::sync::LazyLock;

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RStr, RVec};
use jackpot_plugin_api::abi::{
    CtxOps, CtxOpsRef, Fault, Named, RawNamed, RawProgress, RawValue, Value, surface,
};
use jackpot_plugin_api::tensor::Tensor as Handle;

use super::context::HookContext;
use super::faults::{guarded, unknown_question};
use super::{model_questions, random, tensors};
use crate::torch::capture::refuse;

/// The host's table.
pub fn table() -> CtxOpsRef {
    static OPS: LazyLock<CtxOpsRef> = LazyLock::new(|| {
        CtxOps {
            progress,
            training,
            tensor,
            ask,
            #[cfg(feature = "next")]
            next: jackpot_plugin_api::next::double,
        }
        .leak_into_prefix()
    });
    *OPS
}

/// The context behind the pointer.
///
/// # Safety
///
/// The pointer is what [`HookContext::raw`] gave, and the call is still running.
unsafe fn context<'a>(pointer: *const c_void) -> &'a HookContext<'a> {
    // SAFETY: by this function's contract.
    unsafe { &*pointer.cast::<HookContext<'a>>() }
}

unsafe extern "C" fn progress(pointer: *const c_void) -> RawProgress {
    // SAFETY: the plugin passes the pointer of its running call.
    let HookContext { progress, item, .. } = *unsafe { context(pointer) };
    refuse(|| format!("`{item}` asks how far the training is, and not for a knob"));
    RawProgress {
        step: progress.step,
        steps_per_epoch: progress.steps_per_epoch,
        total_steps: progress.total_steps,
    }
}

unsafe extern "C" fn training(pointer: *const c_void) -> bool {
    // SAFETY: the plugin passes the pointer of its running call.
    unsafe { context(pointer) }.training
}

unsafe extern "C" fn tensor(pointer: *const c_void, name: RStr<'_>) -> RResult<Handle, Fault> {
    // SAFETY: the plugin passes the pointer of its running call.
    let context = unsafe { context(pointer) };
    match context.tensors.iter().find(|(known, _)| *known == name.as_str()) {
        Some((_, tensor)) => RResult::ROk(tensors::give(tensor.shallow_clone())),
        None => {
            let known: Vec<_> = context.tensors.iter().map(|(name, _)| *name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            RResult::RErr(format!("no declared tensor or knob `{name}`; there are: {known}").into())
        }
    }
}

unsafe extern "C" fn ask(
    pointer: *const c_void,
    question: RStr<'_>,
    args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    // SAFETY: the plugin passes the pointer of its running call.
    let context = unsafe { context(pointer) };
    let args = Questions(args.as_slice());
    guarded(|| {
        keeps_to_surface(question.as_str(), |call| call.takes(args.0))?;
        let values = answer(context, question.as_str(), &args)?;
        keeps_to_surface(question.as_str(), |call| call.gives(&values))?;
        Ok(values.into())
    })
}

/// What crosses is what the surface of the ABI lists; a debug build makes sure.
fn keeps_to_surface(
    question: &str,
    check: impl FnOnce(&surface::Call) -> Result<(), String>,
) -> Result<(), Fault> {
    if cfg!(debug_assertions) {
        let call = surface::question(question).ok_or_else(|| unknown_question(question))?;
        check(call)?;
    }
    Ok(())
}

fn answer(
    context: &HookContext<'_>,
    question: &str,
    args: &Questions<'_>,
) -> Result<Vec<Named>, Fault> {
    match question {
        "site" => {
            let site = context.site.ok_or("this hook has no site in a network")?;
            let text = serde_json::to_string(site).map_err(|e| e.to_string())?;
            Ok(vec![Named::new("site", Value::Str(text.into()))])
        }
        "log" => {
            let level = u8::try_from(args.int("level")?).unwrap_or(5);
            tensors::write_log(level, context.item, args.text("message")?);
            Ok(Vec::new())
        }
        "rng.uniform" | "rng.normal" | "rng.host" | "rng.fixed" => {
            Ok(random::answer(context, question, args)?)
        }
        #[cfg(feature = "next")]
        "next" => Ok(vec![Named::new("number", Value::Int(42))]),
        _ if question.starts_with("model.") => model_questions::answer(context, question, args),
        _ => Err(unknown_question(question)),
    }
}

/// The arguments of a question.
pub struct Questions<'a>(pub &'a [RawNamed<'a>]);

impl<'a> Questions<'a> {
    /// An argument, `None` where it is absent.
    pub fn get(&self, name: &str) -> RawValue<'a> {
        let found = self.0.iter().find(|arg| arg.name.as_str() == name);
        found.map_or(RawValue::None, |arg| arg.value)
    }

    pub fn int(&self, name: &str) -> Result<i64, String> {
        match self.get(name) {
            RawValue::Int(value) => Ok(value),
            _ => Err(format!("`{name}` must be a whole number")),
        }
    }

    pub fn text(&self, name: &str) -> Result<&'a str, String> {
        match self.get(name) {
            RawValue::Str(value) => Ok(value.as_str()),
            _ => Err(format!("`{name}` must be a text")),
        }
    }
}
