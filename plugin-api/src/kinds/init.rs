//! Kind `init`.

use super::{kind, wrapper};
use crate::abi::Value;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::item::one;
use crate::manifest::Kind;
use crate::model::Model;

kind! {
    /// Sets weights before a training.
    ///
    /// The host has built the network, added the skip's edges, initialised all of it and loaded
    /// the ticket's weights when this hook runs, once a training.
    Init {
        /// Whether the item works on the ticket's weights (such as rescaling them) instead of
        /// replacing them.
        const KEEPS_TICKET: bool;

        /// Changes weights with [`Model::set`].
        ///
        /// # Errors
        ///
        /// Anything that makes the initialisation impossible, in words.
        fn initialize(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error>;
    }
}

wrapper!(InitItem, Init, Kind::Init, self, ctx, args, {
    "initialize" => {
        self.0.initialize(&Model::new(ctx), ctx)?;
        Ok(one("done", Value::Bool(true)))
    },
    "keeps-ticket" => Ok(one("keeps", Value::Bool(T::KEEPS_TICKET))),
});
