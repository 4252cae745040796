//! Layers on sequences of tokens, `[N, T, D]`, and the changes of shape between them and images.

use serde_json::{Value, json};

use super::{GraphBuilder, Initial, NodeRef, Parameter, Role};

/// A linear layer on the last dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// Input features.
    pub inputs: i64,
    /// Output features.
    pub outputs: i64,
    /// Whether it has a bias.
    pub bias: bool,
    /// The weight's first values; `None`: PyTorch's default.
    pub init: Option<Initial>,
}

impl Linear {
    /// A layer with a bias, in PyTorch's default initialisation.
    pub fn new(inputs: i64, outputs: i64) -> Self {
        Self { inputs, outputs, bias: true, init: None }
    }

    /// Without a bias.
    pub fn no_bias(self) -> Self {
        Self { bias: false, ..self }
    }

    /// With that first weight.
    pub fn init(self, init: Initial) -> Self {
        Self { init: Some(init), ..self }
    }
}

impl GraphBuilder {
    /// A linear layer named `name`, with `name.weight` and, if it has one, `name.bias`.
    pub fn linear_with(&mut self, name: &str, x: &NodeRef, linear: Linear) -> NodeRef {
        let default = Initial::torch_default(linear.inputs);
        let shape = vec![linear.outputs, linear.inputs];
        self.weight(name, shape, Role::Linear, linear.init.unwrap_or(default));
        let mut params = vec![("weight", format!("{name}.weight"))];
        if linear.bias {
            self.bias(name, linear.outputs, default);
            params.push(("bias", format!("{name}.bias")));
        }
        self.node(name, "aten::linear", &[x], &params, Value::Null)
    }

    /// Layer normalisation over the last dimension, of that size (ε 1e-5), with weight and bias.
    pub fn layer_norm(&mut self, name: &str, x: &NodeRef, size: i64) -> NodeRef {
        for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
            self.parameter(Parameter {
                name: format!("{name}.{part}"),
                shape: vec![size],
                dtype: "f32".to_owned(),
                role: Role::Norm,
                decay: true,
                prunable: false,
                init: Initial::constant(value),
            });
        }
        let params = ["weight", "bias"].map(|part| (part, format!("{name}.{part}")));
        let attrs = json!({ "normalized_shape": [size], "eps": 1e-5 });
        self.node(name, "aten::layer_norm", &[x], &params, attrs)
    }

    /// The same elements in another shape. The batch is the first dimension, of a size that the
    /// graph does not know: write −1.
    pub fn reshape(&mut self, id: &str, x: &NodeRef, shape: &[i64]) -> NodeRef {
        self.node(id, "aten::reshape", &[x], &[], json!({ "shape": shape }))
    }

    /// Swaps two dimensions; negative ones count from the end.
    pub fn transpose(&mut self, id: &str, x: &NodeRef, a: i64, b: i64) -> NodeRef {
        self.node(id, "aten::transpose.int", &[x], &[], json!({ "dim0": a, "dim1": b }))
    }

    /// Reorders the dimensions.
    pub fn permute(&mut self, id: &str, x: &NodeRef, dims: &[i64]) -> NodeRef {
        self.node(id, "aten::permute", &[x], &[], json!({ "dims": dims }))
    }

    /// The entries along a dimension as separate tensors: [`NodeRef::result`] has each.
    pub fn unbind(&mut self, id: &str, x: &NodeRef, dim: i64) -> NodeRef {
        self.node(id, "aten::unbind.int", &[x], &[], json!({ "dim": dim }))
    }

    /// The matrix product of the last two dimensions.
    pub fn matmul(&mut self, id: &str, a: &NodeRef, b: &NodeRef) -> NodeRef {
        self.node(id, "aten::matmul", &[a, b], &[], Value::Null)
    }

    /// `x` times a number.
    pub fn scale(&mut self, id: &str, x: &NodeRef, factor: f64) -> NodeRef {
        self.node(id, "aten::mul.Scalar", &[x], &[], json!({ "other": factor }))
    }

    /// eˣ / Σeˣ along a dimension.
    pub fn softmax(&mut self, id: &str, x: &NodeRef, dim: i64) -> NodeRef {
        self.node(id, "aten::softmax.int", &[x], &[], json!({ "dim": dim }))
    }

    /// `x` plus a parameter of that name, which is declared apart and broadcast: a position
    /// embedding.
    pub fn add_parameter(&mut self, id: &str, x: &NodeRef, name: &str) -> NodeRef {
        self.node(id, "aten::add.Tensor", &[x], &[("other", name.to_owned())], Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Graph, TensorSpec};
    use super::*;

    fn built(build: impl FnOnce(&mut GraphBuilder, &NodeRef)) -> Graph {
        let shape = vec![16, 8];
        let spec = TensorSpec { name: "x".to_owned(), shape, dtype: "f32".to_owned() };
        let mut graph = GraphBuilder::new(vec![spec]);
        let x = graph.input();
        build(&mut graph, &x);
        graph.finish()
    }

    #[test]
    fn a_linear_layer_may_lack_its_bias() {
        let names = |linear: Linear| -> Vec<String> {
            let graph = built(|graph, x| _ = graph.linear_with("fc", x, linear));
            assert_eq!(graph.parameters[0].shape, [4, 8]);
            graph.parameters.into_iter().map(|parameter| parameter.name).collect()
        };
        assert_eq!(names(Linear::new(8, 4)), ["fc.weight", "fc.bias"]);
        assert_eq!(names(Linear::new(8, 4).no_bias()), ["fc.weight"]);
        let zero = Initial::constant(0.0);
        let graph = built(|graph, x| _ = graph.linear_with("fc", x, Linear::new(8, 4).init(zero)));
        assert_eq!(graph.parameters[0].init, zero);
        assert_eq!(graph.parameters[1].init, Initial::torch_default(8));
    }

    #[test]
    fn results_of_a_node_are_read_by_number() {
        let graph = built(|graph, x| {
            let parts = graph.unbind("parts", x, 1);
            assert_eq!(parts.result(2).result(1).name(), "parts:1");
            let sum = graph.add("sum", &parts, &parts.result(1));
            graph.output("y", &sum);
        });
        let names: Vec<_> = graph.nodes[1].inputs.iter().flat_map(|input| input.names()).collect();
        assert_eq!(names, ["parts", "parts:1"]);
    }

    #[test]
    fn a_normalisation_is_never_pruned() {
        let graph = built(|graph, x| _ = graph.layer_norm("norm", x, 8));
        assert!(graph.parameters.iter().all(|p| !p.prunable && p.role == Role::Norm));
        assert_eq!(graph.nodes[0].attrs["normalized_shape"], json!([8]));
    }
}
