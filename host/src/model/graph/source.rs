//! Where a graph comes from: an architecture plugin, or a JSON file.

use std::path::Path;

use jackpot_plugin_api::abi::surface;
use jackpot_plugin_api::graph::{Graph, TensorSpec};

use super::check;
use crate::model::error::ModelError;
use crate::plugin::kinds::Architecture;

/// A graph from a file in the published schema.
///
/// # Errors
///
/// A file that cannot be read, is not the schema's JSON (with line and column), or whose graph is
/// not valid.
pub fn from_file(path: &Path) -> Result<Graph, ModelError> {
    let fail = |message: String| ModelError::File { path: path.to_owned(), message };
    let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    parse(path, &text)
}

/// A graph from a file's content; `path` is for errors.
///
/// # Errors
///
/// It is not the schema's JSON, or its graph is not valid.
pub fn parse(path: &Path, text: &str) -> Result<Graph, ModelError> {
    let fail = |message: String| ModelError::File { path: path.to_owned(), message };
    let graph: Graph =
        surface::read("Graph", text).map_err(|e| fail(format!("is no graph: {e}")))?;
    check(&graph).map_err(|error| fail(error.to_string()))?;
    Ok(graph)
}

/// A graph from an architecture plugin.
///
/// # Errors
///
/// The plugin's own, or a graph that is not valid.
pub fn from_plugin(
    architecture: &Architecture,
    input: &TensorSpec,
    output: &TensorSpec,
) -> Result<Graph, ModelError> {
    let graph = architecture.build(input, output)?;
    check(&graph)?;
    Ok(graph)
}

/// What a dataset feeds a network: `x`, f32 `[C, H, W]`.
pub fn image_input(shape: [usize; 3]) -> TensorSpec {
    let shape = shape.iter().map(|&size| size as i64).collect();
    TensorSpec { name: "x".to_owned(), shape, dtype: "f32".to_owned() }
}

/// What a classifier gives: `logits`, f32 `[classes]`.
pub fn logits_output(classes: usize) -> TensorSpec {
    TensorSpec { name: "logits".to_owned(), shape: vec![classes as i64], dtype: "f32".to_owned() }
}
