//! What happens to each image.

use jackpot_plugin_api::prelude::*;

use crate::operations::{Operation, Operations};

const DRAW: i64 = 0;

/// The last of the 31 bins.
pub const LAST_BIN: f64 = 30.0;

/// Operation, bin and sign of each sample, as tensors `[N, 1, 1, 1]`.
pub struct Draw<'a> {
    operations: &'a Operations,
    place: Tensor,
    /// A whole number from 0 to 30.
    pub bin: Tensor,
    sign: Tensor,
}

impl<'a> Draw<'a> {
    pub fn new(operations: &'a Operations, rng: &Rng<'_>, indices: &Tensor) -> Self {
        let uniform = rng.uniform_for(DRAW, indices, &[3, 1, 1, 1]);
        // In f32 the product may round up to the first number out of range.
        let below = |column, n: f64| (uniform.select(1, column) * n).floor().clamp_max(n - 1.0);
        let place = below(0, operations.len() as f64);
        let bin = below(1, LAST_BIN + 1.0);
        Self { operations, place, bin, sign: below(2, 2.0) * 2.0 - 1.0 }
    }

    /// Whether one of these can be drawn at all.
    pub fn any(&self, operations: &[Operation]) -> bool {
        self.operations.any(operations)
    }

    /// The places (i64) in the batch whose operation is one of these.
    pub fn places(&self, operations: &[Operation]) -> Tensor {
        let mut found = self.place.lt(-1.0);
        for &operation in operations {
            found = found.op("aten::logical_or", &[(&self.is(operation)).into()]);
        }
        found.flatten(0, 3).op("aten::nonzero", &[]).squeeze(1)
    }

    /// The draws for some places of the batch.
    pub fn part(&self, places: &Tensor) -> Self {
        let pick = |tensor: &Tensor| tensor.index_select(0, places);
        let (place, bin, sign) = (pick(&self.place), pick(&self.bin), pick(&self.sign));
        Self { operations: self.operations, place, bin, sign }
    }

    /// Whose operation is this one.
    pub fn is(&self, operation: Operation) -> Tensor {
        // Nobody's place is −1.
        self.place.eq(self.operations.place(operation).map_or(-1.0, |place| place as f64))
    }

    /// ±b/30 of `largest` for the images whose operation is this one, else 0.
    pub fn amount(&self, operation: Operation, largest: f64) -> Tensor {
        // Divided last, so that whole pixels are whole numbers.
        let amount = &self.bin * &self.sign * largest / LAST_BIN;
        amount.masked_fill(&self.is(operation).logical_not(), 0.0)
    }
}
