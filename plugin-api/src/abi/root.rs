//! The root of a plugin file: the five functions that every file exports.

use std::ffi::c_void;
use std::panic::AssertUnwindSafe;

use abi_stable::StableAbi;
use abi_stable::library::{CheckTypeLayout, LibHeader, RootModule, RootModuleResult};
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

use super::ctx::RawCtx;
use super::fault::Fault;
use super::host::Host;
use super::value::{Named, RawNamed};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::guard;
use crate::item::{Args, Entry, Item};
use crate::manifest::Manifest;

/// An item with its parameters, owned by the plugin file.
pub type InstancePtr = *const c_void;

/// What a plugin file exports. Never grows: the load-time check would refuse files that know the
/// shorter one. A host asks a file for what came later by name.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = RootRef, prefix_fields = RootPrefix)))]
#[sabi(missing_field(panic))]
pub struct Root {
    /// The [`Manifest`] as JSON.
    pub manifest: extern "C" fn() -> RString,
    /// An item by its place in the manifest, with parameters as a JSON object.
    pub create: extern "C" fn(usize, RStr<'_>, Host) -> RResult<InstancePtr, Fault>,
    /// Calls a hook of an item.
    pub call: unsafe extern "C" fn(
        InstancePtr,
        RStr<'_>,
        RawCtx,
        RSlice<'_, RawNamed<'_>>,
    ) -> RResult<RVec<Named>, Fault>,
    /// Ends an item.
    pub destroy: unsafe extern "C" fn(InstancePtr),
    /// Everything that may come later, by name.
    #[sabi(last_prefix_field)]
    pub ask: unsafe extern "C" fn(
        Host,
        RStr<'_>,
        RSlice<'_, RawNamed<'_>>,
    ) -> RResult<RVec<Named>, Fault>,
}

impl RootModule for RootRef {
    abi_stable::declare_root_module_statics! {RootRef}

    const BASE_NAME: &'static str = "jackpot_plugin";
    const NAME: &'static str = "jackpot_plugin";
    // Always this: abi_stable refuses another 0.x minor. The stamp has the real version.
    const VERSION_STRINGS: VersionStrings = VersionStrings::new("1.0.0");
}

/// What `export_plugin!` writes for a file.
pub trait PluginFile: 'static {
    /// The crate's name.
    const NAME: &'static str;
    /// The crate's version.
    const VERSION: &'static str;
    /// The items, in order.
    fn entries() -> Vec<Entry>;
}

/// The header that the file exports under abi_stable's name.
pub const fn header<F: PluginFile>() -> LibHeader {
    // SAFETY: `construct` returns a reference to `Root`, which is `RootRef`'s module.
    unsafe { LibHeader::from_constructor::<RootRef>(construct::<F>, CheckTypeLayout::Yes) }
}

extern "C" fn construct<F: PluginFile>() -> RootModuleResult {
    abi_stable::library::__call_root_module_loader(root_of::<F>)
}

/// The file's root.
pub fn root_of<F: PluginFile>() -> RootRef {
    Root { manifest: manifest::<F>, create: create::<F>, call, destroy, ask }.leak_into_prefix()
}

extern "C" fn manifest<F: PluginFile>() -> RString {
    manifest_of(F::NAME, F::VERSION, F::entries)
}

// What depends on the file's type is kept tiny: it is compiled again in every plugin's crate, and
// would bring along second copies of all that it calls.
fn manifest_of(name: &str, version: &str, entries: fn() -> Vec<Entry>) -> RString {
    let manifest = guard::catch(|| Manifest {
        name: name.to_owned(),
        version: version.to_owned(),
        api: crate::VERSION.to_owned(),
        items: entries().iter().map(Entry::manifest).collect(),
        #[cfg(feature = "next")]
        since: "the next version".to_owned(),
    });
    let text = match manifest {
        Ok(manifest) => serde_json::to_string(&manifest).unwrap_or_else(|e| error_json(&e)),
        Err(error) => error_json(&error),
    };
    text.into()
}

/// A manifest that cannot be given is a JSON object with the key `error`.
fn error_json(error: &dyn std::fmt::Display) -> String {
    crate::params::text(&serde_json::json!({ "error": error.to_string() }))
}

extern "C" fn create<F: PluginFile>(
    index: usize,
    params: RStr<'_>,
    host: Host,
) -> RResult<InstancePtr, Fault> {
    create_of(F::entries, index, params, host)
}

fn create_of(
    entries: fn() -> Vec<Entry>,
    index: usize,
    params: RStr<'_>,
    host: Host,
) -> RResult<InstancePtr, Fault> {
    let made = guard::catch(|| {
        let entries = entries();
        let entry = entries
            .get(index)
            .ok_or_else(|| Error::of(ErrorKind::Unknown, format!("there is no item {index}")))?;
        entry.create(serde_json::from_str(params.as_str())?, host)
    });
    match made.flatten() {
        Ok(item) => RResult::ROk(Box::into_raw(Box::new(item)).cast_const().cast()),
        Err(error) => RResult::RErr(error.into()),
    }
}

unsafe extern "C" fn call(
    instance: InstancePtr,
    hook: RStr<'_>,
    ctx: RawCtx,
    args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    // SAFETY: the host passes what `create` gave and has not destroyed it.
    let item = unsafe { &*instance.cast::<Box<dyn Item>>() };
    match call_item(&**item, hook.as_str(), &ctx, args.as_slice()) {
        Ok(values) => RResult::ROk(values.into()),
        Err(error) => RResult::RErr(error.into()),
    }
}

/// Calls a hook; a panic inside becomes an error.
pub(crate) fn call_item(
    item: &dyn Item,
    hook: &str,
    ctx: &RawCtx,
    args: &[RawNamed<'_>],
) -> Result<Vec<Named>, Error> {
    let run = || item.call(hook, &Ctx::new(ctx), &Args::new(args));
    guard::catch(AssertUnwindSafe(run)).flatten()
}

unsafe extern "C" fn destroy(instance: InstancePtr) {
    // SAFETY: the host passes what `create` gave, once.
    let item = unsafe { Box::from_raw(instance.cast_mut().cast::<Box<dyn Item>>()) };
    // An item whose drop panics has nobody to tell.
    let _ = guard::catch(AssertUnwindSafe(|| drop(item)));
}

unsafe extern "C" fn ask(
    _host: Host,
    question: RStr<'_>,
    _args: RSlice<'_, RawNamed<'_>>,
) -> RResult<RVec<Named>, Fault> {
    #[cfg(feature = "next")]
    if question.as_str() == "next" {
        return RResult::ROk(crate::next::about().into());
    }
    let message =
        format!("this plugin does not know the question `{question}`: rebuild the plugin");
    RResult::RErr(Fault::new(ErrorKind::Unknown, message))
}
