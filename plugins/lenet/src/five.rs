//! LeNet-5.

use jackpot_plugin_api::prelude::*;

/// The smallest side of which both convolutions and both halvings leave a pixel.
const SMALLEST: i64 = 16;

/// LeNet-5 as the pruning literature has it, "LeNet-5-Caffe": Han et al. 2015 (arXiv 1506.02626),
/// SNIP (arXiv 1810.02340) and many others.
///
/// Two 5 × 5 convolutions without padding, with 20 and 50 channels, each followed by the
/// activation and the largest of each 2 × 2 window (rounded down); then a hidden linear layer of
/// 500 units with the activation, and one for the classes. LeCun et al. 1998 had 6 and 16
/// channels, 120 and 84 units, and sigmoids; Caffe's own file has no activation after the
/// convolutions, its successors in PyTorch have. State-dict names: `conv1`, `conv2`, `fc1`, `fc2`;
/// weights begin with PyTorch's defaults. On 1 × 28 × 28 with 10 classes: 431,080 parameters; the
/// first linear layer grows with the image. Takes images from 16 × 16 pixels on.
#[derive(Params)]
pub struct LeNet5 {
    /// Channels of the first convolution; the second has 2.5 times as many, rounded down, the
    /// hidden layer 25 times as many units.
    #[param(default = 20, range = 1..=2048)]
    pub width: i64,
}

impl Architecture for LeNet5 {
    const NAME: &str = "lenet-5";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, height, width] = input.image_for(Self::NAME, SMALLEST)?;
        let classes = output.classes_for(Self::NAME)?;
        let (first, second, hidden) = (self.width, self.width * 5 / 2, self.width * 25);
        let halved = |side: i64| (side - 4) / 2;
        let pixels = halved(halved(height)) * halved(halved(width));
        let mut x = graph.input();
        for (name, inputs, outputs) in [("1", channels, first), ("2", first, second)] {
            let conv = Conv2d { padding: 0, ..Conv2d::new(inputs, outputs, 5).bias() };
            x = graph.conv2d(&format!("conv{name}"), &x, conv);
            x = graph.activation(&format!("relu{name}"), &x);
            x = graph.max_pool2d(&format!("pool{name}"), &x, 2);
        }
        x = graph.flatten("flatten", &x);
        x = graph.linear("fc1", &x, second * pixels, hidden);
        x = graph.activation("relu3", &x);
        x = graph.linear("fc2", &x, hidden, classes);
        graph.output(&output.name, &x);
        Ok(())
    }
}
