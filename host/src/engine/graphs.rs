//! The graphs of a config's networks, each made once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;

use crate::config::{Architecture as Choice, ModelConfig};
use crate::model::ModelError;
use crate::model::graph::shapes::infer;
use crate::model::graph::source::{from_file, from_plugin, image_input, logits_output};
use crate::plugin::Registry;
use crate::plugin::kinds::Architecture;

/// Graphs by the text of their `[model]`.
#[derive(Debug, Default)]
pub struct Graphs(BTreeMap<String, Graph>);

impl Graphs {
    /// Makes the graph of a model, if it is not there yet.
    ///
    /// # Errors
    ///
    /// An architecture that cannot take the data, a file that is no graph, or a graph whose input
    /// or output is not the data's.
    pub fn add(
        &mut self,
        model: &ModelConfig,
        registry: &Registry,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<(), ModelError> {
        if let Entry::Vacant(place) = self.0.entry(key(model)) {
            place.insert(Self::build(model, registry, shape, classes)?);
        }
        Ok(())
    }

    /// Makes the graph of a model.
    ///
    /// # Errors
    ///
    /// As [`Graphs::add`].
    pub fn build(
        model: &ModelConfig,
        registry: &Registry,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Graph, ModelError> {
        let (input, output) = (image_input(shape), logits_output(classes));
        let graph = match &model.architecture {
            Choice::Plugin(reference) => {
                let instance =
                    registry.create(Kind::Architecture, &reference.plugin, &reference.params)?;
                from_plugin(&Architecture::new(instance), &input, &output)?
            }
            Choice::File { file } => from_file(file)?,
        };
        let is_file = matches!(model.architecture, Choice::File { .. });
        if let [only] = graph.inputs.as_slice()
            && only.shape != input.shape
        {
            let message = format!("takes {:?}, the images are {:?}", only.shape, input.shape);
            return Err(ModelError::graph(format!("input `{}`", only.name), message));
        }
        if is_file {
            gives_logits(&graph, &output.shape)?;
        }
        Ok(graph)
    }

    /// The graph of a model that was added.
    pub fn get(&self, model: &ModelConfig) -> Option<&Graph> {
        self.0.get(&key(model))
    }
}

/// A file was written for some data; an architecture plugin is told the number of classes.
fn gives_logits(graph: &Graph, logits: &[i64]) -> Result<(), ModelError> {
    let view = infer(graph)?;
    let Some(output) = graph.outputs.first() else { return Ok(()) };
    // The shapes of a node's further results are not known.
    if let Some(shape) = view.shape(&output.from).filter(|shape| *shape != logits) {
        let classes = logits.iter().product::<i64>();
        let message = format!("gives {shape:?} for an image, the data have {classes} classes");
        return Err(ModelError::graph(format!("output `{}`", output.name), message));
    }
    Ok(())
}

fn key(model: &ModelConfig) -> String {
    serde_json::to_string(model).unwrap_or_default()
}
