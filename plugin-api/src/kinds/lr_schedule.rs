//! Kind `lr-schedule`.

use super::{kind, wrapper};
use crate::abi::Value;
use crate::ctx::Ctx;
use crate::item::one;
use crate::manifest::Kind;

kind! {
    /// The learning rate of every step.
    LrSchedule {
        /// The learning rate at [`Ctx::progress`], from the optimizer's base rate; pure.
        fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64;
    }
}

wrapper!(LrScheduleItem, LrSchedule, Kind::LrSchedule, self, ctx, args, {
    "learning-rate" => {
        let rate = self.0.learning_rate(args.float("base")?, ctx);
        Ok(one("rate", Value::Float(rate)))
    },
});
