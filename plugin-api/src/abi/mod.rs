//! The border: everything that crosses between host and plugin, and nothing else.
//!
//! Whatever is declared in this folder is the ABI. A plugin file exports one [`Root`] and one
//! version stamp; the host hands it a [`Host`] table and, for each call, a [`RawCtx`]. All growth
//! happens by *name*: new hooks, new questions to [`CtxOps::ask`], [`HostOps::ask`] and [`Root::ask`], new
//! manifest fields. Functions may be appended to the host's two tables (see [`Host`] for how an older
//! or newer side copes); nothing else may change within one [`ABI`] number. `abi-1.txt` lists all of
//! it.

mod ctx;
mod fault;
mod host;
mod root;
mod stamp;
#[cfg(feature = "host")]
pub mod surface;
mod value;

#[cfg(feature = "testing")]
pub(crate) use root::call_item;

pub use ctx::{CtxOps, CtxOpsRef, CtxTable, RawCtx, RawProgress};
pub use fault::Fault;
pub use host::{Host, HostOps, HostOpsRef, OpId, TensorInfo};
pub use root::{InstancePtr, PluginFile, Root, RootRef, header, root_of};
pub use stamp::{ABI, STAMP_LEN, STAMP_SYMBOL, Stamp, stamp};
pub use value::{Named, RawDevice, RawNamed, RawTensor, RawValue, Value};
