//! Kind `update`.

use super::{kind, wrapper};
use crate::abi::{Named, Value};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::item::one;
use crate::manifest::Kind;
use crate::model::Model;
use crate::tensor::NamedTensors;

kind! {
    /// Moves the masks during a training.
    ///
    /// A step in which an update is due goes like this: forward and backward pass under the masks
    /// of before; [`update`](Update::update); weights that the new masks drop become +0.0 at once,
    /// and so do their momenta; then the optimizer's step under the new masks, unless the update
    /// [replaces it](Update::replaces_step). A weight that comes back starts at +0.0 with a
    /// momentum of +0.0. A weight that is kept by the masks of before and after is not touched.
    Update {
        /// Whether the masks move in the step after [`Ctx::progress`]; pure. The host asks before
        /// every step.
        fn due(&self, ctx: &Ctx<'_>) -> bool;

        /// Whether a step with an update is no step of the optimizer, as in RigL.
        fn replaces_step(&self) -> bool {
            false
        }

        /// New masks (bool, true where a weight is kept) by the names of their parameters; one that
        /// is missing stays as it is. Parameters that may be named are those which this draw prunes
        /// ([`ParameterInfo::prunable`](crate::model::ParameterInfo)). At least one weight of the
        /// network must stay.
        ///
        /// The model's weights and masks are those of before; [`Model::gradients`] has the dense
        /// gradients of this step. Weights cannot be set here.
        ///
        /// Before the training, the host calls it once for the first and once for the last step
        /// that is due, on the dense network, to find what is wrong.
        ///
        /// # Errors
        ///
        /// Anything that makes the update impossible, in words.
        fn update(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error>;
    }
}

wrapper!(UpdateItem, Update, Kind::Update, self, ctx, args, {
    "due" => Ok(one("due", Value::Bool(self.0.due(ctx)))),
    "replaces-step" => Ok(one("replaces", Value::Bool(self.0.replaces_step()))),
    "update" => {
        let masks = self.0.update(&Model::new(ctx), ctx)?;
        let named = |(name, tensor)| Named::new(name, Value::Tensor(tensor));
        Ok(masks.into_iter().map(named).collect())
    },
});
