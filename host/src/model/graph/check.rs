//! The structure of a graph: names are unique and known, nodes come after what they read.
//! Whether operators and attributes exist is the compiler's matter.

use std::collections::HashSet;

use jackpot_plugin_api::graph::{Graph, SCHEMA};
use jackpot_plugin_api::tensor::Dtype;

use crate::model::error::ModelError;

/// Checks a graph's structure.
///
/// # Errors
///
/// The first thing that is wrong, and where.
pub fn check(graph: &Graph) -> Result<(), ModelError> {
    if graph.schema != SCHEMA {
        let message = format!("it has schema {}, this host reads schema {SCHEMA}", graph.schema);
        return Err(ModelError::graph("the file", message));
    }
    tensors(graph)?;
    nodes(graph)?;
    outputs(graph)
}

fn tensors(graph: &Graph) -> Result<(), ModelError> {
    let mut names = HashSet::new();
    let parameters = graph.parameters.iter().map(|p| ("parameter", &p.name, &p.shape, &p.dtype));
    let buffers = graph.buffers.iter().map(|b| ("buffer", &b.name, &b.shape, &b.dtype));
    for (what, name, shape, dtype) in parameters.chain(buffers) {
        let fail = |message: String| Err(ModelError::graph(format!("{what} `{name}`"), message));
        if name.is_empty() || !names.insert(name) {
            return fail("the name is empty or used twice".to_owned());
        }
        if shape.iter().any(|&size| size < 0) || element_count(shape).is_none() {
            return fail(format!("{shape:?} is no shape"));
        }
        if Dtype::from_name(dtype).is_none() {
            return fail(format!("`{dtype}` is no dtype (f32, f64, i64, …)"));
        }
    }
    Ok(())
}

/// The number of elements, if the shape is one that memory can hold.
pub fn element_count(shape: &[i64]) -> Option<usize> {
    let count = shape
        .iter()
        .try_fold(1_usize, |product, &size| product.checked_mul(usize::try_from(size).ok()?))?;
    (count < 1 << 40).then_some(count)
}

fn nodes(graph: &Graph) -> Result<(), ModelError> {
    if graph.inputs.is_empty() {
        return Err(ModelError::graph("inputs", "there is none"));
    }
    let mut known: HashSet<&str> = HashSet::new();
    for input in &graph.inputs {
        if input.name.is_empty() || !known.insert(&input.name) {
            let message = "the name is empty or used twice";
            return Err(ModelError::graph(format!("input `{}`", input.name), message));
        }
    }
    let tensors: HashSet<&str> = graph
        .parameters
        .iter()
        .map(|p| p.name.as_str())
        .chain(graph.buffers.iter().map(|b| b.name.as_str()))
        .collect();
    for node in &graph.nodes {
        let fail = |message: String| Err(ModelError::at_node(&node.id, message));
        if node.id.is_empty() || node.id.contains(':') {
            return fail("a node's name must not be empty or contain `:`".to_owned());
        }
        for name in node.inputs.iter().flat_map(|input| input.names()) {
            if !name.starts_with("knob:") && !known.contains(base_name(name)) {
                return fail(format!("reads `{name}`, which no input or earlier node gives"));
            }
        }
        for (argument, name) in &node.params {
            if !tensors.contains(name.as_str()) {
                return fail(format!("`{argument}` is `{name}`, which is not declared"));
            }
        }
        if !known.insert(&node.id) {
            return fail("the name is used twice".to_owned());
        }
    }
    Ok(())
}

fn outputs(graph: &Graph) -> Result<(), ModelError> {
    if graph.outputs.is_empty() {
        return Err(ModelError::graph("outputs", "there is none"));
    }
    for output in &graph.outputs {
        if !graph.nodes.iter().any(|node| node.id == base_name(&output.from)) {
            let message = format!("comes from `{}`, which is no node", output.from);
            return Err(ModelError::graph(format!("output `{}`", output.name), message));
        }
    }
    Ok(())
}

/// A node's name without the number of its result.
pub fn base_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(base, _)| base)
}

#[cfg(test)]
pub mod tests {
    use jackpot_plugin_api::graph::TensorSpec;
    use jackpot_plugin_api::graph::{Conv2d, GraphBuilder, Input};

    use super::*;

    /// conv1 → bn1 → relu1 → pool → linear.
    pub fn small() -> Graph {
        let input =
            TensorSpec { name: "x".to_owned(), shape: vec![2, 4, 4], dtype: "f32".to_owned() };
        let mut graph = GraphBuilder::new(vec![input]);
        let x = graph.input();
        let x = graph.conv2d("conv1", &x, Conv2d::new(2, 3, 3));
        let x = graph.batch_norm2d("bn1", &x, 3);
        let x = graph.activation("relu1", &x);
        let x = graph.global_avg_pool("pool", &x);
        let x = graph.linear("linear", &x, 3, 5);
        graph.output("logits", &x);
        graph.finish()
    }

    fn message(change: impl FnOnce(&mut Graph)) -> String {
        let mut graph = small();
        change(&mut graph);
        check(&graph).unwrap_err().to_string()
    }

    #[test]
    fn a_valid_graph_passes() {
        check(&small()).unwrap();
    }

    #[test]
    fn each_defect_is_named() {
        let text = message(|g| g.schema = 9);
        assert!(text.contains("schema 9"), "{text}");
        let text = message(|g| g.nodes.swap(0, 1));
        assert!(text.contains("node `bn1`: reads `conv1`"), "{text}");
        let text = message(|g| g.nodes[1].id = "conv1".to_owned());
        assert!(text.contains("node `conv1`: the name is used twice"), "{text}");
        let text = message(|g| {
            g.nodes[0].params.insert("weight".to_owned(), "nothing".to_owned());
        });
        assert!(text.contains("`weight` is `nothing`, which is not declared"), "{text}");
        let text = message(|g| g.parameters[0].shape = vec![-1]);
        assert!(text.contains("parameter `conv1.weight`: [-1] is no shape"), "{text}");
        let text = message(|g| g.outputs[0].from = "gone".to_owned());
        assert!(text.contains("output `logits`: comes from `gone`"), "{text}");
        let text = message(|g| g.nodes[2].inputs = vec![Input::Many(vec!["y".to_owned()])]);
        assert!(text.contains("node `relu1`: reads `y`"), "{text}");
    }
}
