//! `export_plugin!`: what makes a crate a plugin file.

/// Exports the items of a plugin file.
///
/// ```ignore
/// export_plugin!(activations: [Swish, Mish], skips: [Ghost]);
/// ```
///
/// The lists are `architectures`, `activations`, `skips`, `inits`, `augmentations`,
/// `lr_schedules`, `losses`, `scores` and `updates`, each at most once, in any order. Names must
/// differ within a kind.
#[macro_export]
macro_rules! export_plugin {
    ($($list:ident: [$($item:ty),* $(,)?]),* $(,)?) => {
        const _: () = {
            struct File;

            impl $crate::abi::PluginFile for File {
                const NAME: &'static str = env!("CARGO_PKG_NAME");
                const VERSION: &'static str = env!("CARGO_PKG_VERSION");
                fn entries() -> ::std::vec::Vec<$crate::item::Entry> {
                    ::std::vec![$($($crate::export_plugin!(@entry $list $item)),*),*]
                }
            }

            #[unsafe(no_mangle)]
            #[used]
            pub static JACKPOT_PLUGIN_STAMP: [u8; $crate::abi::STAMP_LEN] = $crate::abi::stamp();

            // The name under which abi_stable looks for the root module.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ROOT: $crate::export::LibHeader = $crate::abi::header::<File>();
        };
    };
    (@entry architectures $item:ty) => {
        $crate::export_plugin!(@new $item, Architecture, ArchitectureItem)
    };
    (@entry activations $item:ty) => {
        $crate::export_plugin!(@new $item, Activation, ActivationItem)
    };
    (@entry skips $item:ty) => { $crate::export_plugin!(@new $item, Skip, SkipItem) };
    (@entry inits $item:ty) => { $crate::export_plugin!(@new $item, Init, InitItem) };
    (@entry augmentations $item:ty) => {
        $crate::export_plugin!(@new $item, Augmentation, AugmentationItem)
    };
    (@entry lr_schedules $item:ty) => {
        $crate::export_plugin!(@new $item, LrSchedule, LrScheduleItem)
    };
    (@entry losses $item:ty) => { $crate::export_plugin!(@new $item, Loss, LossItem) };
    (@entry scores $item:ty) => { $crate::export_plugin!(@new $item, Score, ScoreItem) };
    (@entry nexts $item:ty) => { $crate::export_plugin!(@new $item, Next, NextItem) };
    (@entry updates $item:ty) => { $crate::export_plugin!(@new $item, Update, UpdateItem) };
    (@entry $other:ident $item:ty) => {
        compile_error!(concat!(
            "`", stringify!($other), "` is no list of items: use architectures, activations, ",
            "skips, inits, augmentations, lr_schedules, losses, scores or updates"
        ))
    };
    (@new $item:ty, $kind:ident, $wrapper:ident) => {
        $crate::item::Entry::new::<$item, $crate::kinds::$wrapper<$item>>(
            $crate::manifest::Kind::$kind,
            <$item as $crate::kinds::$kind>::NAME,
            <$item as $crate::kinds::$kind>::KNOBS,
        )
    };
}

pub use abi_stable::library::LibHeader;

#[cfg(test)]
mod tests {
    #[test]
    fn the_exported_name_is_the_one_abi_stable_looks_for() {
        let source = include_str!("export.rs");
        let name = abi_stable::library::ROOT_MODULE_LOADER_NAME;
        assert!(source.contains(&format!("export_name = \"{name}\"")), "{name}");
    }
}
