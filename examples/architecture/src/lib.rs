//! A network that is no ResNet: a small vision transformer.

mod attention;

use jackpot_plugin_api::prelude::*;

use attention::attention;

/// A vision transformer without a class token, Dosovitskiy et al. 2021 (arXiv 2010.11929). The
/// blocks share one feed-forward part, as in ALBERT (arXiv 1909.11942).
///
/// Activation sites are `blocks.N.mlp.act`; `activation = "gelu"` makes it the usual transformer.
/// Prune it with `prunable = ["linear"]` and train it with AdamW.
#[derive(Params)]
struct Vit {
    /// Height and width of a patch, in pixels; the image must be whole patches.
    #[param(default = 4, range = 1..=64)]
    patch: i64,
    /// Features of a token.
    #[param(default = 64, range = 1..=4096)]
    width: i64,
    /// Blocks.
    #[param(default = 4, range = 1..=64)]
    depth: i64,
    /// Attention heads, among which the features are divided.
    #[param(default = 4, range = 1..=64)]
    heads: i64,
    /// Features inside the feed-forward part, as a multiple of `width`.
    #[param(default = 2, range = 1..=8)]
    expansion: i64,
}

impl Architecture for Vit {
    const NAME: &str = "vit-tiny";

    // Nothing is computed here: the result is a description. A node is an ATen operator; the host
    // looks each one up, works out all shapes, and refuses what does not fit with the node's name.
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, height, image_width] = input.image_for("vit-tiny", self.patch)?;
        let classes = output.classes_for("vit-tiny")?;
        // What a user can get wrong gets a sentence that says what to do.
        if height % self.patch != 0 || image_width % self.patch != 0 {
            let Self { patch, .. } = self;
            let message =
                format!("{height} × {image_width} pixels are no whole {patch}s: set `patch`");
            return Err(Error::new(message));
        }
        if self.width % self.heads != 0 {
            let Self { width, heads, .. } = self;
            let message = format!("`width` {width} cannot be divided among {heads} `heads`");
            return Err(Error::new(message));
        }
        let tokens = (height / self.patch) * (image_width / self.patch);

        // Patches: a convolution whose windows do not overlap. Names are those of a PyTorch
        // module, so that `load_state_dict` takes what Jackpot stores.
        let x = graph.input(); // [N, channels, height, width]
        let conv = Conv2d::new(channels, self.width, self.patch);
        let conv = conv.stride(self.patch).padding(0).bias();
        let x = graph.conv2d("patch_embed.proj", &x, conv);
        let x = graph.reshape("patches", &x, &[-1, self.width, tokens]); // the batch is −1
        let x = graph.transpose("tokens", &x, 1, 2); // [N, tokens, width]

        // Parameters are declared apart from the nodes that use them.
        graph.parameter(Parameter {
            name: "pos_embed".to_owned(),
            shape: vec![tokens, self.width],
            dtype: "f32".to_owned(),
            role: Role::Other,
            decay: false,
            prunable: false,
            init: Initial::Normal { mean: 0.0, std: 0.02 },
        });
        let mut x = graph.add_parameter("positions", &x, "pos_embed");
        for index in 0..self.depth {
            x = self.block(graph, &format!("blocks.{index}"), &x, tokens, index == 0);
        }

        let x = graph.layer_norm("norm", &x, self.width);
        let x = graph.node("mean", "aten::mean.dim", &[&x], &[], json!({ "dim": [1] })); // [N, width]
        let x = graph.linear("head", &x, self.width, classes);
        graph.output("logits", &x);
        Ok(())
    }
}

impl Vit {
    fn block(
        &self,
        graph: &mut GraphBuilder,
        name: &str,
        x: &NodeRef,
        tokens: i64,
        first: bool,
    ) -> NodeRef {
        let id = |part: &str| format!("{name}.{part}");
        let y = graph.layer_norm(&id("norm1"), x, self.width);
        let y = attention(graph, &id("attn"), &y, [tokens, self.width, self.heads]);
        let x = graph.add(&id("sum1"), x, &y);

        let y = graph.layer_norm(&id("norm2"), &x, self.width);
        let inner = self.width * self.expansion;
        let y = shared_linear(graph, &id("mlp.fc1"), "mlp.fc1", &y, [self.width, inner], first);
        // A place where a recipe may put another function; ReLU unless it does.
        let y = graph.activation(&id("mlp.act"), &y);
        let y = shared_linear(graph, &id("mlp.fc2"), "mlp.fc2", &y, [inner, self.width], first);
        graph.add(&id("sum2"), &x, &y)
    }
}

/// A linear layer on weights that all blocks use. They are declared once; a node that names them
/// again shares them. Their gradients add up, and a mask acts wherever they are used.
fn shared_linear(
    graph: &mut GraphBuilder,
    id: &str,
    weights: &str,
    x: &NodeRef,
    [inputs, outputs]: [i64; 2],
    first: bool,
) -> NodeRef {
    if first {
        let init = Initial::torch_default(inputs);
        let parameter = |part: &str, shape, role, prunable| Parameter {
            name: format!("{weights}.{part}"),
            shape,
            dtype: "f32".to_owned(),
            role,
            decay: true,
            prunable,
            init,
        };
        graph.parameter(parameter("weight", vec![outputs, inputs], Role::Linear, true));
        graph.parameter(parameter("bias", vec![outputs], Role::Bias, false));
    }
    let params = ["weight", "bias"].map(|part| (part, format!("{weights}.{part}")));
    graph.node(id, "aten::linear", &[x], &params, json!({}))
}

export_plugin!(architectures: [Vit]);

#[cfg(test)]
mod tests {
    use super::*;

    fn build(vit: &Vit, shape: [i64; 3]) -> Result<Graph, Error> {
        let spec = |name: &str, shape: &[i64]| TensorSpec {
            name: name.to_owned(),
            shape: shape.to_vec(),
            dtype: "f32".to_owned(),
        };
        let input = spec("x", &shape);
        let mut graph = GraphBuilder::new(vec![input.clone()]);
        vit.build(&mut graph, &input, &spec("logits", &[10]))?;
        Ok(graph.finish())
    }

    const VIT: Vit = Vit { patch: 4, width: 64, depth: 3, heads: 4, expansion: 2 };

    #[test]
    fn blocks_share_their_feed_forward_part_and_nothing_else() {
        let graph = build(&VIT, [3, 32, 32]).unwrap();
        let total: i64 = graph.parameters.iter().map(|p| p.shape.iter().product::<i64>()).sum();
        let patches = 3 * 16 * 64 + 64 + 64 * 64;
        let block = 2 * 128 + (64 * 192 + 192) + (64 * 64 + 64);
        let shared = (64 * 128 + 128) + (128 * 64 + 64);
        assert_eq!(total, patches + 3 * block + shared + 128 + (64 * 10 + 10));
        let uses = |name: &str| {
            graph.nodes.iter().filter(|node| node.params.values().any(|p| p == name)).count()
        };
        assert_eq!((uses("mlp.fc1.weight"), uses("blocks.0.attn.qkv.weight")), (3, 1));
    }

    #[test]
    fn what_does_not_fit_is_said_in_words() {
        let error = build(&VIT, [3, 30, 30]).unwrap_err().to_string();
        assert!(error.contains("30 × 30 pixels are no whole 4s"), "{error}");
        let error = build(&Vit { heads: 5, ..VIT }, [3, 32, 32]).unwrap_err().to_string();
        assert!(error.contains("`width` 64 cannot be divided among 5 `heads`"), "{error}");
    }
}
