//! Kind `augmentation`.

use super::{kind, wrapper};
use crate::abi::{Named, Value};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::item::Args;
use crate::manifest::Kind;
use crate::tensor::Tensor;

/// A batch of training data before normalisation.
#[derive(Debug, Clone)]
pub struct Batch {
    /// f32 `[N, C, H, W]` in [0, 1]; black is 0.
    pub images: Tensor,
    /// f32 `[N, classes]`; one-hot unless an item before this one mixed them.
    pub targets: Tensor,
    /// i64 `[N]`: the samples' places in the training set.
    pub indices: Tensor,
}

kind! {
    /// Changes a training batch, the whole batch at once, on the training device.
    Augmentation {
        /// The changed batch; images keep their shape and dtype.
        fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch;
    }
}

wrapper!(AugmentationItem, Augmentation, Kind::Augmentation, self, ctx, args, {
    "augment" => {
        let batch = read(args)?;
        let Batch { images, targets, indices } = self.0.augment(batch, ctx);
        let named = |name: &str, tensor| Named::new(name, Value::Tensor(tensor));
        Ok(vec![named("images", images), named("targets", targets), named("indices", indices)])
    },
});

fn read(args: &Args<'_>) -> Result<Batch, Error> {
    Ok(Batch {
        images: args.tensor("images")?,
        targets: args.tensor("targets")?,
        indices: args.tensor("indices")?,
    })
}
