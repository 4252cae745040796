//! Kind `next`, which does not exist: see [`crate::next`].

use super::{kind, wrapper};
use crate::abi::Value;
use crate::ctx::Ctx;
use crate::item::one;
use crate::manifest::Kind;

kind! {
    /// What a later version adds.
    Next {
        /// A number.
        fn act(&self, ctx: &Ctx<'_>) -> f64;
    }
}

wrapper!(NextItem, Next, Kind::Next, self, ctx, args, {
    "act" => {
        let _ = args;
        Ok(one("value", Value::Float(self.0.act(ctx))))
    },
});
