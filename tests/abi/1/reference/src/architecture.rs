//! A network with all that the builder offers.

use jackpot_plugin_api::prelude::*;

/// Convolutions, one of them in groups and used twice, a normalisation, a plugin as a node,
/// pooling, and a second output.
#[derive(Params)]
pub struct Net {
    /// Channels of the two stages.
    #[param(default = [4, 8], range = 2..=64)]
    widths: Vec<i64>,
    /// Whether convolutions have a bias.
    #[param(default = true)]
    bias: bool,
    /// How the image becomes one number per channel.
    #[param(default = "mean", choices = ["mean", "max"])]
    pooling: String,
    /// What the two summands count.
    #[param(default = [1.0, 0.5], range = -2.0..2.0)]
    shares: Vec<f64>,
    /// Names of the outputs besides the logits.
    #[param(default = ["features"])]
    outputs: Vec<String>,
    /// The deviation of the first convolution's weights; He et al.'s if left out.
    #[param(range = 0.0..=10.0)]
    deviation: Option<f64>,
    /// Anything: must be an object or nothing.
    notes: Option<jackpot_plugin_api::json::Value>,
}

impl Architecture for Net {
    const NAME: &str = "reference-net";

    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let ([channels, height, width], classes) =
            (input.image_for("reference-net", 8)?, output.classes_for("reference-net")?);
        let (&[narrow, wide], &[first, second]) = (&self.widths[..], &self.shares[..]) else {
            return Err(Error::new("reference-net takes two widths and two shares"));
        };
        if self.notes.as_ref().is_some_and(|notes| !notes.is_object()) {
            return Err(Error::new("`notes` must be an object"));
        }
        let stem = Conv2d { bias: self.bias, ..Conv2d::new(channels, narrow, 3) };
        let init = match self.deviation {
            Some(std) => Initial::Normal { mean: 0.0, std },
            None => Initial::he_fan_out(stem.fan_out()),
        };
        let images = graph.input();
        let x = graph.conv2d("stem", &images, stem.init(init));
        let x = graph.batch_norm2d("norm", &x, narrow);
        let x = graph.activation("act1", &x);
        let conv = Conv2d::new(narrow, narrow, 3).groups(2).init(Initial::he_fan_in(narrow * 9));
        let a = graph.conv2d("twice", &x, conv);
        let own = "plugin:activation:reference-slope";
        let a = graph.node("middle", own, &[&a], &[], json!({ "start": 0.125 }));
        let weight = [("weight", "twice.weight".to_owned())];
        let attrs = json!({ "stride": [1, 1], "padding": [1, 1], "groups": 2 });
        let b = graph.node("again", "aten::conv2d", &[&a], &weight, attrs);
        let a = graph.node("a", "aten::mul.Scalar", &[&a], &[], json!({ "other": first }));
        let b = graph.node("b", "aten::mul.Scalar", &[&b], &[], json!({ "other": second }));
        let x = graph.add("sum", &a, &b);
        let x = graph.conv2d("wide", &x, Conv2d::new(narrow, wide, 1).bias());
        graph.parameter(Parameter {
            name: "offset".to_owned(),
            shape: vec![wide, 1, 1],
            dtype: "f32".to_owned(),
            role: Role::Other,
            decay: false,
            prunable: false,
            init: Initial::Uniform { low: -0.5, high: 0.5 },
        });
        graph.buffer("scale", &[], "f32", Initial::constant(2.0));
        let params = [("other", "offset".to_owned())];
        let x = graph.node("moved", "aten::add.Tensor", &[&x], &params, json!({}));
        let params = [("other", "scale".to_owned())];
        let x = graph.node("scaled", "aten::mul.Tensor", &[&x], &params, json!({}));
        let x = graph.activation("act2", &x);
        let pooled = if self.pooling == "mean" {
            graph.global_avg_pool("pool", &x)
        } else {
            let size = height.min(width);
            let x = graph.max_pool2d("pool", &x, size);
            let x = graph.flatten("flat", &x);
            let features = (height / size) * (width / size) * wide;
            graph.linear("narrow", &x, features, wide)
        };
        let logits = graph.linear("head", &pooled, wide, classes);
        graph.output(&output.name, &logits);
        for name in &self.outputs {
            graph.output(name, &pooled);
        }
        Ok(())
    }
}
