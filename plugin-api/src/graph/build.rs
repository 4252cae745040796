//! Building a graph layer by layer, with PyTorch's names.

use serde_json::{Value, json};

use super::{
    Buffer, Graph, Initial, Input, Linear, Node, Output, Parameter, Role, SCHEMA, SiteKind,
    TensorSpec,
};

/// A tensor inside a graph under construction: a node's result or an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRef(String);

impl NodeRef {
    /// The name of the node or input.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Another result of a node that has several, from 0: `aten::unbind` and `aten::split` give a
    /// list. Only nodes have several; a result that there is not is an error when shapes are
    /// worked out.
    pub fn result(&self, index: usize) -> Self {
        let node = self.0.split_once(':').map_or(self.0.as_str(), |(node, _)| node);
        Self(format!("{node}:{index}"))
    }
}

/// A graph under construction. Layers declare their parameters under PyTorch's state-dict names:
/// the layer `conv1` has `conv1.weight`.
#[derive(Debug)]
pub struct GraphBuilder {
    pub(crate) graph: Graph,
}

/// A two-dimensional convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conv2d {
    /// Input channels.
    pub inputs: i64,
    /// Output channels.
    pub outputs: i64,
    /// Height and width of the kernel.
    pub kernel: i64,
    /// Step between output pixels.
    pub stride: i64,
    /// Zeros around the image.
    pub padding: i64,
    /// Groups of channels that do not see each other.
    pub groups: i64,
    /// Whether it has a bias.
    pub bias: bool,
    /// The weight's first values; `None`: PyTorch's default.
    pub init: Option<Initial>,
}

impl Conv2d {
    /// A convolution without bias, stride 1, padded to keep the image's size (odd kernels).
    pub fn new(inputs: i64, outputs: i64, kernel: i64) -> Self {
        Self {
            inputs,
            outputs,
            kernel,
            stride: 1,
            padding: kernel / 2,
            groups: 1,
            bias: false,
            init: None,
        }
    }

    /// With that stride.
    pub fn stride(self, stride: i64) -> Self {
        Self { stride, ..self }
    }

    /// With that many zeros around the image.
    pub fn padding(self, padding: i64) -> Self {
        Self { padding, ..self }
    }

    /// With that first weight.
    pub fn init(self, init: Initial) -> Self {
        Self { init: Some(init), ..self }
    }

    /// In that many groups.
    pub fn groups(self, groups: i64) -> Self {
        Self { groups, ..self }
    }

    /// With a bias.
    pub fn bias(self) -> Self {
        Self { bias: true, ..self }
    }

    /// Weights that one output pixel of one channel reads.
    pub fn fan_in(self) -> i64 {
        self.inputs / self.groups.max(1) * self.kernel * self.kernel
    }

    /// Weights that one input pixel of one channel feeds.
    pub fn fan_out(self) -> i64 {
        self.outputs / self.groups.max(1) * self.kernel * self.kernel
    }
}

impl GraphBuilder {
    /// An empty graph with these inputs.
    pub fn new(inputs: Vec<TensorSpec>) -> Self {
        let graph = Graph {
            schema: SCHEMA,
            inputs,
            outputs: Vec::new(),
            parameters: Vec::new(),
            buffers: Vec::new(),
            nodes: Vec::new(),
            #[cfg(feature = "next")]
            stages: Vec::new(),
        };
        Self { graph }
    }

    /// The first input.
    pub fn input(&self) -> NodeRef {
        NodeRef(self.graph.inputs.first().map(|spec| spec.name.clone()).unwrap_or_default())
    }

    /// Declares a parameter.
    pub fn parameter(&mut self, parameter: Parameter) {
        self.graph.parameters.push(parameter);
    }

    /// Declares a buffer.
    pub fn buffer(&mut self, name: &str, shape: &[i64], dtype: &str, init: Initial) {
        let (name, shape, dtype) = (name.to_owned(), shape.to_vec(), dtype.to_owned());
        self.graph.buffers.push(Buffer { name, shape, dtype, init });
    }

    /// Any operator. `params` are (argument, parameter or buffer), `attrs` a JSON object of other
    /// arguments.
    pub fn node(
        &mut self,
        id: &str,
        op: &str,
        inputs: &[&NodeRef],
        params: &[(&str, String)],
        attrs: Value,
    ) -> NodeRef {
        let attrs = match attrs {
            Value::Object(map) => map.into_iter().collect(),
            _ => Default::default(),
        };
        self.graph.nodes.push(Node {
            id: id.to_owned(),
            op: op.to_owned(),
            inputs: inputs.iter().map(|input| Input::One(input.0.clone())).collect(),
            params: params.iter().map(|(arg, name)| ((*arg).to_owned(), name.clone())).collect(),
            attrs,
            site: None,
        });
        NodeRef(id.to_owned())
    }

    /// A convolution named `name`, with `name.weight` and, if it has one, `name.bias`.
    pub fn conv2d(&mut self, name: &str, x: &NodeRef, conv: Conv2d) -> NodeRef {
        let shape = vec![conv.outputs, conv.inputs / conv.groups.max(1), conv.kernel, conv.kernel];
        let default = Initial::torch_default(conv.fan_in());
        self.weight(name, shape, Role::Conv, conv.init.unwrap_or(default));
        let mut params = vec![("weight", format!("{name}.weight"))];
        if conv.bias {
            self.bias(name, conv.outputs, default);
            params.push(("bias", format!("{name}.bias")));
        }
        let attrs = json!({
            "stride": [conv.stride, conv.stride],
            "padding": [conv.padding, conv.padding],
            "groups": conv.groups,
        });
        self.node(name, "aten::conv2d", &[x], &params, attrs)
    }

    /// Batch normalisation (momentum 0.1, ε 1e-5) with its running statistics.
    pub fn batch_norm2d(&mut self, name: &str, x: &NodeRef, channels: i64) -> NodeRef {
        for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
            self.parameter(Parameter {
                name: format!("{name}.{part}"),
                shape: vec![channels],
                dtype: "f32".to_owned(),
                role: Role::Norm,
                decay: true,
                prunable: false,
                init: Initial::constant(value),
            });
        }
        for (part, value) in [("running_mean", 0.0), ("running_var", 1.0)] {
            let init = Initial::constant(value);
            self.buffer(&format!("{name}.{part}"), &[channels], "f32", init);
        }
        let counter = Initial::constant(0.0);
        self.buffer(&format!("{name}.num_batches_tracked"), &[], "i64", counter);
        let params: Vec<_> = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| (part, format!("{name}.{part}")))
            .into();
        let attrs = json!({ "momentum": 0.1, "eps": 1e-5 });
        self.node(name, "aten::batch_norm", &[x], &params, attrs)
    }

    /// A linear layer with bias, PyTorch's default initialisation.
    pub fn linear(&mut self, name: &str, x: &NodeRef, inputs: i64, outputs: i64) -> NodeRef {
        self.linear_with(name, x, Linear::new(inputs, outputs))
    }

    /// An activation site: ReLU, unless the recipe says otherwise.
    pub fn activation(&mut self, id: &str, x: &NodeRef) -> NodeRef {
        let node = self.node(id, "aten::relu", &[x], &[], Value::Null);
        if let Some(last) = self.graph.nodes.last_mut() {
            last.site = Some(SiteKind::Activation);
        }
        node
    }

    /// a + b.
    pub fn add(&mut self, id: &str, a: &NodeRef, b: &NodeRef) -> NodeRef {
        self.node(id, "aten::add.Tensor", &[a, b], &[], Value::Null)
    }

    /// The mean over the image: `[N, C, H, W]` to `[N, C]`.
    pub fn global_avg_pool(&mut self, id: &str, x: &NodeRef) -> NodeRef {
        self.node(id, "aten::mean.dim", &[x], &[], json!({ "dim": [2, 3] }))
    }

    /// The largest of each window of `size` × `size`.
    pub fn max_pool2d(&mut self, id: &str, x: &NodeRef, size: i64) -> NodeRef {
        self.node(id, "aten::max_pool2d", &[x], &[], json!({ "kernel_size": [size, size] }))
    }

    /// All dimensions but the batch joined.
    pub fn flatten(&mut self, id: &str, x: &NodeRef) -> NodeRef {
        self.node(id, "aten::flatten.using_ints", &[x], &[], json!({ "start_dim": 1 }))
    }

    /// Names a result of the network; the first one is what the loss sees.
    pub fn output(&mut self, name: &str, from: &NodeRef) {
        self.graph.outputs.push(Output { name: name.to_owned(), from: from.0.clone() });
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }

    pub(super) fn weight(&mut self, layer: &str, shape: Vec<i64>, role: Role, init: Initial) {
        self.parameter(Parameter {
            name: format!("{layer}.weight"),
            shape,
            dtype: "f32".to_owned(),
            role,
            decay: true,
            prunable: true,
            init,
        });
    }

    pub(super) fn bias(&mut self, layer: &str, size: i64, init: Initial) {
        self.parameter(Parameter {
            name: format!("{layer}.bias"),
            shape: vec![size],
            dtype: "f32".to_owned(),
            role: Role::Bias,
            decay: true,
            prunable: false,
            init,
        });
    }
}
