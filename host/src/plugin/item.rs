//! An item with its parameters, and the one way to call its hooks.

use std::fmt;

use abi_stable::std_types::RResult;
use jackpot_plugin_api::abi::{InstancePtr, Named, RawNamed, surface};
use jackpot_plugin_api::error::{Error, ErrorKind};
use jackpot_plugin_api::manifest::{ItemManifest, Kind};
use serde_json::{Map, Value as Json};

use super::border::context::HookContext;
use super::border::tensors;
use super::error::{HookError, RegistryError};
use super::probe;
use super::registry::Found;
use super::watchdog;

/// An item of a file, of a known kind.
#[derive(Debug, Clone)]
pub struct ItemId {
    pub kind: Kind,
    pub found: Found,
}

impl ItemId {
    /// What the file says of it.
    pub fn manifest(&self) -> &ItemManifest {
        self.found.manifest()
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.manifest().name)
    }
}

/// An item with its parameters; ends it when dropped.
pub struct Instance {
    id: ItemId,
    pointer: InstancePtr,
}

// SAFETY: the plugin's traits demand `Send + Sync` of the item behind the pointer.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the pointer is what `create` gave, and is destroyed once.
        unsafe { self.id.found.file.root().destroy()(self.pointer) }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({})", self.id)
    }
}

impl Instance {
    /// Makes the item.
    ///
    /// # Errors
    ///
    /// Parameters that it refuses.
    pub fn create(id: ItemId, params: &Map<String, Json>) -> Result<Self, RegistryError> {
        let text = Json::Object(params.clone()).to_string();
        let root = id.found.file.root();
        match root.create()(id.found.index, text.as_str().into(), tensors::host()) {
            RResult::ROk(pointer) => Ok(Self { id, pointer }),
            RResult::RErr(fault) => {
                let message = fault.message.into_string();
                Err(RegistryError::Create { item: id.to_string(), message })
            }
        }
    }

    /// Which item it is.
    pub fn id(&self) -> &ItemId {
        &self.id
    }

    /// The names of its knobs.
    pub fn knobs(&self) -> &[String] {
        &self.id.manifest().knobs
    }

    /// Calls a hook.
    ///
    /// # Errors
    ///
    /// What the hook says, or a panic inside it, with plugin and hook named.
    pub fn call(
        &self,
        hook: &'static str,
        context: &HookContext<'_>,
        args: &[RawNamed<'_>],
    ) -> Result<Vec<Named>, HookError> {
        self.keeps_to_surface(hook, |call| call.takes(args))?;
        let raw = context.raw();
        let _watched = watchdog::watch(&self.id, hook);
        let probed = probe::enter(hook);
        let root = self.id.found.file.root();
        // SAFETY: the instance lives; context and arguments are borrowed for the call.
        let result = unsafe { root.call()(self.pointer, hook.into(), raw, args.into()) };
        if let Some(call) = probed {
            let given: &[Named] = match &result {
                RResult::ROk(values) => values.as_slice(),
                RResult::RErr(_) => &[],
            };
            call.leave(given);
        }
        match result {
            RResult::ROk(values) => {
                self.keeps_to_surface(hook, |call| call.gives(&values))?;
                Ok(values.into_vec())
            }
            RResult::RErr(fault) => {
                let error = Error::from(fault);
                Err(self.error_of(error.kind(), hook, error.to_string()))
            }
        }
    }

    /// What crosses is what the surface of the ABI lists; a debug build makes sure.
    fn keeps_to_surface(
        &self,
        hook: &str,
        check: impl FnOnce(&surface::Call) -> Result<(), String>,
    ) -> Result<(), HookError> {
        if cfg!(debug_assertions) {
            let call = surface::hook(self.id.kind, hook).ok_or("the ABI lists no such hook");
            let kept = call.map_err(str::to_owned).and_then(check);
            return kept.map_err(|message| self.error(hook, message));
        }
        Ok(())
    }

    /// Something of this item that cannot be used.
    pub fn error(&self, hook: &str, message: impl Into<String>) -> HookError {
        self.error_of(ErrorKind::Failed, hook, message.into())
    }

    fn error_of(&self, kind: ErrorKind, hook: &str, message: String) -> HookError {
        HookError {
            kind,
            item: self.id.to_string(),
            file: self.id.found.file.file_name(),
            hook: hook.to_owned(),
            message,
        }
    }
}
