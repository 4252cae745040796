//! The root of a plugin file whose item is in another process.

use std::cell::RefCell;
use std::sync::LazyLock;

use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use jackpot_plugin_api::abi::{Fault, Host, InstancePtr, Named, RawCtx, RawNamed, Root, RootRef};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::error::ErrorKind;
use jackpot_plugin_api::manifest::{ItemManifest, Kind};
use jackpot_plugin_api::wire::HookCall;
use serde_json::{Map, Value as Json};

use super::serve::link;
use super::values::owned;
use crate::plugin::border::faults::guarded;
use crate::plugin::registry::refuse_unserved;
use crate::plugin::{Found, Instance, ItemId, PluginFile, RegistryError};
use crate::torch::grad::GradMode;

/// What stands for the file in messages.
const PLACE: &str = "under test";

thread_local! {
    /// The contexts of the hooks that are running over there, the innermost last.
    static CONTEXTS: RefCell<Vec<RawCtx>> = const { RefCell::new(Vec::new()) };
}

/// The item that the test calls by this number.
///
/// # Errors
///
/// Knobs or declared tensors of a kind that cannot have some.
pub fn instance(kind: Kind, item: ItemManifest, number: u64) -> Result<Instance, RegistryError> {
    let found = Found { file: PluginFile::elsewhere(PLACE, item, root()), index: 0 };
    let params = Map::from_iter([("number".to_owned(), Json::from(number))]);
    let instance = Instance::create(ItemId { kind, found }, &params)?;
    refuse_unserved(&instance)?;
    Ok(instance)
}

/// The context of a running hook by its number.
pub fn context(number: u64) -> Result<RawCtx, Fault> {
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    let found = CONTEXTS.with_borrow(|all| all.get(index).copied());
    found.ok_or_else(|| format!("no hook with the context {number} is running").into())
}

fn root() -> RootRef {
    static ROOT: LazyLock<RootRef> =
        LazyLock::new(|| Root { manifest, create, call, destroy, ask }.leak_into_prefix());
    *ROOT
}

extern "C" fn manifest() -> RString {
    RString::from("{}")
}

extern "C" fn create(_: usize, params: RStr<'_>, _: Host) -> RResult<InstancePtr, Fault> {
    let number = serde_json::from_str::<Json>(params.as_str()).ok();
    match number.and_then(|params| params.get("number")?.as_u64()) {
        Some(number) => RResult::ROk(Box::into_raw(Box::new(number)).cast_const().cast()),
        None => RResult::RErr("the item has no number".into()),
    }
}

unsafe extern "C" fn call(
    instance: InstancePtr,
    hook: RStr<'_>,
    ctx: RawCtx,
    args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    // SAFETY: the pointer is what `create` gave and has not been destroyed.
    let item = unsafe { *instance.cast::<u64>() };
    guarded(|| {
        let link = link()?;
        // SAFETY: the context is that of the hook that begins here.
        let now = unsafe { (ctx.ops().progress())(ctx.pointer()) };
        // SAFETY: as above.
        let training = unsafe { (ctx.ops().training())(ctx.pointer()) };
        let lent = |arg: &RawNamed<'_>| Named::new(arg.name.as_str(), owned(&arg.value));
        let running = Running::begin(ctx);
        let values = link.call(HookCall {
            item,
            hook: hook.as_str().to_owned(),
            context: running.0,
            progress: Progress {
                step: now.step,
                steps_per_epoch: now.steps_per_epoch,
                total_steps: now.total_steps,
            },
            training,
            grad: GradMode::is_enabled(),
            args: link.held.all_to_wire(args.iter().map(lent)),
        })?;
        Ok(values.into())
    })
}

unsafe extern "C" fn destroy(instance: InstancePtr) {
    // SAFETY: the pointer is what `create` gave, once.
    drop(unsafe { Box::from_raw(instance.cast_mut().cast::<u64>()) });
}

unsafe extern "C" fn ask(
    _host: Host,
    question: RStr<'_>,
    _args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    let message = format!("a test's process does not know the question `{question}`");
    RResult::RErr(Fault::new(ErrorKind::Unknown, message))
}

/// A hook that is running over there; its context is valid until this is dropped.
struct Running(u64);

impl Running {
    fn begin(ctx: RawCtx) -> Self {
        Self(CONTEXTS.with_borrow_mut(|all| {
            all.push(ctx);
            all.len() as u64 - 1
        }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        CONTEXTS.with_borrow_mut(Vec::pop);
    }
}
