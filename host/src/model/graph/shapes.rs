//! The shape of every value, found by running the graph once on zeros.

use std::collections::BTreeMap;

use jackpot_plugin_api::graph::{Graph, GraphView};
use tch::{Device, Tensor};

use crate::model::error::ModelError;
use crate::model::run::{ForwardContext, Plan};
use crate::model::store::zeros;

/// The graph with the shape of each input and of each node's first result, without the batch
/// dimension. Sites compute what the graph itself says; that a plugin keeps the shape is checked
/// at each call.
///
/// # Errors
///
/// An operator that refuses its arguments: the node and the operator's own words.
pub fn infer(graph: &Graph) -> Result<GraphView, ModelError> {
    let plan = Plan::compile(graph, &mut |node| Ok(node.op.starts_with("plugin:").then_some(0)))?;
    // Two images: a single one could be mistaken for a broadcast dimension.
    let batch = |shape: &[i64]| [&[2], shape].concat();
    let mut shapes = BTreeMap::new();
    let mut inputs = Vec::new();
    for spec in &graph.inputs {
        shapes.insert(spec.name.clone(), spec.shape.clone());
        inputs.push(zeros(&batch(&spec.shape), &spec.dtype, Device::Cpu)?);
    }
    let parameters = graph
        .parameters
        .iter()
        .map(|p| zeros(&p.shape, &p.dtype, Device::Cpu))
        .collect::<Result<Vec<_>, _>>()?;
    let buffers = graph
        .buffers
        .iter()
        .map(|b| zeros(&b.shape, &b.dtype, Device::Cpu))
        .collect::<Result<Vec<_>, _>>()?;
    let knob = zeros(&[], "f32", Device::Cpu)?;
    let knobs = vec![&knob; plan.knobs().len()];
    let (parameters, buffers): (Vec<_>, Vec<_>) =
        (parameters.iter().collect(), buffers.iter().collect());
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    // An activation keeps the shape of what it reads.
    let context =
        ForwardContext { site: &|_, x| Ok(x.shallow_clone()), ..ForwardContext::evaluation() };
    let mut record = |id: &str, value: &Tensor| {
        let shape = value.size();
        shapes.insert(id.to_owned(), shape.get(1..).unwrap_or_default().to_vec());
    };
    tch::no_grad(|| {
        plan.run_observed(&inputs, &parameters, &buffers, &knobs, &context, Some(&mut record))
    })?;
    Ok(GraphView { graph: graph.clone(), shapes })
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::small;
    use super::*;

    #[test]
    fn shapes_of_a_small_network() {
        let view = infer(&small()).unwrap();
        assert_eq!(view.shape("x"), Some(&[2, 4, 4][..]));
        assert_eq!(view.shape("conv1"), Some(&[3, 4, 4][..]));
        assert_eq!(view.shape("pool"), Some(&[3][..]));
        assert_eq!(view.shape("linear"), Some(&[5][..]));
    }

    #[test]
    fn a_node_whose_shapes_do_not_fit_is_named() {
        let mut graph = small();
        let weight = graph.parameters.iter_mut().find(|p| p.name == "linear.weight").unwrap();
        weight.shape = vec![5, 4];
        let text = infer(&graph).unwrap_err().to_string();
        assert!(text.starts_with("node `linear`: "), "{text}");
    }

    #[test]
    fn hidden_randomness_is_refused() {
        let mut graph = small();
        graph.nodes[2].op = "aten::dropout".to_owned();
        graph.nodes[2].attrs.insert("p".to_owned(), serde_json::json!(0.5));
        let text = infer(&graph).unwrap_err().to_string();
        assert!(text.contains("node `relu1`: `aten::dropout` draws numbers"), "{text}");
    }

    #[test]
    fn an_unknown_attribute_is_an_error() {
        let mut graph = small();
        graph.nodes[0].attrs.insert("gruops".to_owned(), serde_json::json!(2));
        let text = infer(&graph).unwrap_err().to_string();
        assert!(text.contains("node `conv1`: `aten::conv2d` has no argument `gruops`"), "{text}");
        assert!(text.contains("`groups`"), "{text}");
    }
}
