//! Kind `activation`.

use super::{kind, wrapper};
use crate::abi::Value;
use crate::ctx::Ctx;
use crate::item::one;
use crate::manifest::Kind;
use crate::tensor::Tensor;

kind! {
    /// The function at every activation site.
    ///
    /// The result has the shape, dtype and device of `x`. The hook must be pure: the host may call
    /// it with any tensors, in any order, concurrently. Autocast is off inside.
    Activation {
        /// The activation of `x`, element by element or along channels.
        fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor;
    }
}

wrapper!(ActivationItem, Activation, Kind::Activation, self, ctx, args, {
    "forward" => {
        let y = args.with_tensor("x", |x| self.0.forward(x, ctx))?;
        Ok(one("y", Value::Tensor(y)))
    },
});
