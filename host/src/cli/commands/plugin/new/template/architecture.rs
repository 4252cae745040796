//! The architecture `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// Convolutions that double their channels while they halve the image, then a linear layer: say
/// here what the network is, and where it comes from.
#[derive(Params)]
struct TemplateItem {
    /// Channels of the first convolution.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
    /// Convolutions.
    #[param(default = 3, range = 1..=8)]
    depth: i64,
}

impl Architecture for TemplateItem {
    const NAME: &str = "template-item";

    // Called once a model. Nothing is computed: layers are named, as in a PyTorch state dict, and
    // wired. An activation site is where a recipe may put another function than ReLU.
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, height, width] = input.image_for(Self::NAME, 1)?;
        let classes = output.classes_for(Self::NAME)?;
        let (mut x, mut inputs, mut side) = (graph.input(), channels, height.min(width));
        for index in 0..self.depth {
            let outputs = self.width << index;
            // A small image is not halved any more.
            let stride = if index > 0 && side > 1 { 2 } else { 1 };
            side = (side - 1) / stride + 1;
            let conv = Conv2d::new(inputs, outputs, 3).stride(stride);
            x = graph.conv2d(&format!("conv{index}"), &x, conv);
            x = graph.batch_norm2d(&format!("bn{index}"), &x, outputs);
            x = graph.activation(&format!("relu{index}"), &x);
            inputs = outputs;
        }
        let x = graph.global_avg_pool("pool", &x);
        let x = graph.linear("linear", &x, inputs, classes);
        graph.output("logits", &x);
        Ok(())
    }
}

export_plugin!(architectures: [TemplateItem]);

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::testing::*;

    use super::*;

    #[test]
    fn channels_double() -> TestResult {
        let graph = graph_of(&TemplateItem { width: 4, depth: 2 }, [3, 32, 32], 10)?;
        let shape = |name: &str| &graph.parameters.iter().find(|p| p.name == name).unwrap().shape;
        assert_eq!(*shape("conv1.weight"), [8, 4, 3, 3]);
        assert_eq!(*shape("linear.weight"), [10, 8]);
        Ok(())
    }

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn it_runs_at_every_size_of_image() -> TestResult {
        let small: TemplateItem = item(json!({ "width": 2, "depth": 4 }))?; // as in a config
        let host = Host::start()?;
        for side in [1, 7, 32] {
            let network = host.architecture(&small).network([3, side, side], 10)?;
            let outputs = network.forward(&host.batch(2, [3, side, side], 10).images)?;
            assert_eq!(outputs.expect("logits").shape(), [2, 10]);
        }
        Ok(())
    }
}
