//! Kind `architecture`.

use super::{kind, wrapper};
use crate::abi::Named;
use crate::error::Error;
use crate::graph::{GraphBuilder, TensorSpec};
use crate::item::{Args, json};
use crate::manifest::Kind;

kind! {
    /// Builds a network's graph, once a model.
    Architecture {
        /// Adds layers under PyTorch's state-dict names and names the output.
        ///
        /// # Errors
        ///
        /// An input or output that this architecture cannot take, in words.
        fn build(
            &self,
            graph: &mut GraphBuilder,
            input: &TensorSpec,
            output: &TensorSpec,
        ) -> Result<(), Error>;
    }
}

wrapper!(ArchitectureItem, Architecture, Kind::Architecture, self, ctx, args, {
    "build" => {
        let (input, output) = (spec(args, "input")?, spec(args, "output")?);
        let mut graph = GraphBuilder::new(vec![input.clone()]);
        self.0.build(&mut graph, &input, &output)?;
        finished(graph)
    },
});

fn spec(args: &Args<'_>, name: &str) -> Result<TensorSpec, Error> {
    Ok(serde_json::from_str(args.text(name)?)?)
}

fn finished(graph: GraphBuilder) -> Result<Vec<Named>, Error> {
    json("graph", &graph.finish())
}
