//! The nine kinds of items: a plain trait each, and the wrapper that carries it across.

mod activation;
mod architecture;
mod augmentation;
mod init;
mod loss;
mod lr_schedule;
#[cfg(feature = "next")]
mod next;
mod score;
mod skip;
mod update;

pub use activation::{Activation, ActivationItem};
pub use architecture::{Architecture, ArchitectureItem};
pub use augmentation::{Augmentation, AugmentationItem, Batch};
pub use init::{Init, InitItem};
pub use loss::{Loss, LossItem};
pub use lr_schedule::{LrSchedule, LrScheduleItem};
#[cfg(feature = "next")]
pub use next::{Next, NextItem};
pub use score::{Score, ScoreItem};
pub use skip::{Skip, SkipItem};
pub use update::{Update, UpdateItem};

/// Declares a kind's wrapper: the hooks that all kinds share, then the kind's own.
macro_rules! wrapper {
    ($wrapper:ident, $trait:ident, $kind:expr, $self:ident, $ctx:ident, $args:ident, { $($hook:literal => $run:expr,)* }) => {
        /// Carries the trait across the border.
        #[repr(transparent)]
        pub struct $wrapper<T>(T);

        #[cfg(feature = "testing")]
        impl<T: $trait + 'static> crate::testing::Tested<$wrapper<T>> for T {
            fn wrapped(&self) -> &dyn crate::item::Item {
                // SAFETY: the wrapper is a transparent one of `T`.
                unsafe { &*std::ptr::from_ref(self).cast::<$wrapper<T>>() }
            }

            fn manifest() -> crate::manifest::ItemManifest {
                crate::item::Entry::new::<T, $wrapper<T>>($kind, T::NAME, T::KNOBS).manifest()
            }
        }

        impl<T> From<T> for $wrapper<T> {
            fn from(item: T) -> Self {
                Self(item)
            }
        }

        impl<T: $trait> crate::item::Item for $wrapper<T> {
            fn call(
                &$self,
                hook: &str,
                $ctx: &crate::ctx::Ctx<'_>,
                $args: &crate::item::Args<'_>,
            ) -> Result<Vec<crate::abi::Named>, crate::error::Error> {
                match hook {
                    $($hook => $run,)*
                    "tensors" => crate::item::declared(&$self.0.tensors(&$ctx.site()?)),
                    "knob" => {
                        let value = $self.0.knob($args.text("name")?, $ctx.progress());
                        Ok(crate::item::one("value", crate::abi::Value::Float(value)))
                    }
                    #[cfg(feature = "next")]
                    "about" => Ok(crate::next::about()),
                    other => Err(crate::item::no_hook($kind, other)),
                }
            }
        }
    };
}
use wrapper;

/// A kind's trait with what all kinds share: name, knobs, declared tensors.
macro_rules! kind {
    ($(#[$doc:meta])* $trait:ident { $($own:tt)* }) => {
        $(#[$doc])*
        pub trait $trait: crate::params::Params {
            /// The name that configs use.
            const NAME: &'static str;

            /// The names of the item's knobs: scalars that follow the progress of training. Only
            /// activations, skips, augmentations and losses may have some.
            const KNOBS: &'static [&'static str] = &[];

            /// The value of a knob; pure. The host calls it before every step, and for the network
            /// that is evaluated and stored after the last one, and keeps the value as a
            /// 0-dimensional tensor (see [`Ctx::knob`](crate::ctx::Ctx::knob)).
            fn knob(&self, name: &str, progress: crate::ctx::Progress) -> f64 {
                let _ = progress;
                panic!("the item declares the knob `{name}` and does not say its value")
            }

            /// The tensors that the host keeps for the item at this site. Only activations,
            /// augmentations and losses may declare some.
            fn tensors(&self, site: &crate::ctx::Site) -> Vec<crate::declared::DeclaredTensor> {
                let _ = site;
                Vec::new()
            }

            $($own)*
        }
    };
}
use kind;
