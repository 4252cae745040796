//! The border: everything that crosses between host and plugin, and nothing else.
//!
//! Whatever is declared in this folder is the ABI. A plugin file exports one [`Root`] and one
//! version stamp; the host hands it a [`Host`] table and, for each call, a [`RawCtx`]. All growth
//! happens by *name*: new hooks, new questions to [`CtxOps::ask`] and [`HostOps::ask`], new
//! manifest fields. Functions may be appended to the three tables (see [`Host`] for how an older
//! or newer side copes); nothing else may change within one [`ABI`] number.

mod ctx;
mod fault;
mod host;
mod root;
mod stamp;
mod value;

pub use ctx::{CtxOps, CtxOpsRef, CtxTable, RawCtx, RawProgress};
pub use fault::Fault;
pub use host::{Host, HostOps, HostOpsRef, OpId, TensorInfo};
pub use root::{InstancePtr, PluginFile, Root, RootRef, header, root_of};
pub use stamp::{ABI, STAMP_LEN, STAMP_SYMBOL, Stamp, stamp};
pub use value::{Named, RawDevice, RawNamed, RawTensor, RawValue, Value};

#[cfg(test)]
mod tests {
    use abi_stable::StableAbi;
    use abi_stable::abi_stability::PrefixStableAbi;
    use abi_stable::type_layout::{TLData, TypeLayout};

    use super::*;

    /// The names of a type's fields, in order; of an enum, those of its variants.
    fn parts(layout: &'static TypeLayout) -> String {
        let fields = |fields: abi_stable::type_layout::TLFields| {
            fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(" ")
        };
        match layout.data() {
            TLData::Struct { fields: own } => fields(own),
            TLData::PrefixType(prefix) => fields(prefix.fields),
            TLData::Enum(variants) => variants.variant_names.to_string().replace(';', " "),
            other => panic!("{other:?}"),
        }
    }

    /// New kinds, hooks and questions are new names; files that were built before them must still
    /// fit, so none of this may change within one ABI number (but the tables may grow at the end).
    #[test]
    fn the_layout_is_that_of_abi_0() {
        assert_eq!(ABI, 0);
        let tables = [
            (root::RootPrefix::LAYOUT, "manifest create call destroy"),
            (ctx::CtxOpsPrefix::LAYOUT, "progress training tensor ask"),
            (
                host::HostOpsPrefix::LAYOUT,
                "retain release info find call read make grad grad_mode log ask",
            ),
            (RawCtx::LAYOUT, "pointer table host"),
            (Named::LAYOUT, "name value"),
            (Fault::LAYOUT, "kind message"),
        ];
        for (layout, expected) in tables {
            assert_eq!(parts(layout), expected, "{}", layout.name());
        }
        let variants = "None Tensor Int Float Bool Str Device Dtype IntList FloatList BoolList \
                        TensorList OptTensorList";
        assert_eq!(parts(Value::LAYOUT).trim(), variants);
    }
}
