//! Kind `skip`.

use super::{kind, wrapper};
use crate::abi::Named;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::graph::{Edits, GraphView};
use crate::item::{Args, json};
use crate::manifest::Kind;

kind! {
    /// Adds edges to any architecture's graph, once a model.
    ///
    /// If the item has knobs and all of them reach exactly 0, its edits no longer act: the host
    /// runs, evaluates and exports the network without them.
    Skip {
        /// The additions. Shapes must fit: the host checks them before training.
        ///
        /// # Errors
        ///
        /// A graph on which the item can do nothing, in words.
        fn rewrite(&self, graph: &GraphView, ctx: &Ctx<'_>) -> Result<Edits, Error>;
    }
}

wrapper!(SkipItem, Skip, Kind::Skip, self, ctx, args, {
    "rewrite" => {
        edits(&self.0.rewrite(&view(args)?, ctx)?)
    },
});

fn view(args: &Args<'_>) -> Result<GraphView, Error> {
    Ok(serde_json::from_str(args.text("graph")?)?)
}

fn edits(edits: &Edits) -> Result<Vec<Named>, Error> {
    json("edits", edits)
}
