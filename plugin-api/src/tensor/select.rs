//! The largest elements of a tensor.

use super::Tensor;
use super::op::{Arg, call_values};
use crate::abi::Value;
use crate::error::TensorError;

impl Tensor {
    /// Truth values of the same shape: true for the `count` largest elements over all dimensions,
    /// all of them if there are no more. Of equal ones, those that come first in row-major order
    /// are taken; NaN counts as the largest.
    pub fn largest(&self, count: i64) -> Tensor {
        const SORT: &str = "aten::sort.stable";
        let flat = self.reshape(&[-1]);
        let options = [("stable", Arg::from(true)), ("descending", Arg::from(true))];
        let sorted = call_values(self.raw().host, SORT, &[Arg::from(&flat)], &options);
        // Values, then places.
        let order = match sorted.map(|both| both.into_iter().nth(1)) {
            Ok(Some(Value::Tensor(order))) => order,
            Ok(_) => TensorError::new(SORT, "gave no places").throw(),
            Err(error) => error.throw(),
        };
        let chosen = order.narrow(0, 0, count.clamp(0, flat.numel()));
        let none = self.creator().zeros(&[flat.numel()], super::Dtype::Bool);
        none.op("aten::index_fill.int_Scalar", &[0_i64.into(), (&chosen).into(), true.into()])
            .reshape(&self.shape())
    }
}
