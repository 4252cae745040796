//! VGG networks for small images.

use jackpot_plugin_api::prelude::*;

/// Output channels of the convolutions of each stage, in units of the width.
const STAGES: [&[i64]; 5] = [&[1, 1], &[2, 2], &[4, 4, 4], &[8, 8, 8], &[8, 8, 8]];

/// From this side on every halving leaves something when it rounds down.
const FULL: i64 = 32;

/// The smallest side of which each of five halvings, rounded up, still finds two pixels.
const SMALLEST: i64 = 17;

/// VGG16 for small images, Simonyan & Zisserman 2014 (arXiv 1409.1556) in the usual CIFAR form.
///
/// Thirteen 3 × 3 convolutions with bias, each followed by batch normalisation and the activation,
/// in five stages of width, 2, 4, 8 and 8 times width channels; each stage ends with the largest
/// of each 2 × 2 window. Then the mean over what is left of the image and one linear layer (the
/// original's three, with dropout, are for 224 × 224 pixels). State-dict names are those of the
/// widespread CIFAR collection in PyTorch, `features.0` … `classifier`, and so are the first
/// values, PyTorch's defaults. At width 64 with 10 classes: 14,728,266 parameters. Takes images
/// from 17 × 17 pixels on. Halvings round down, as in PyTorch; of an image below 32 pixels nothing
/// would be left, so there they round up: 28 × 28 pixels become 14, 7, 4, 2, 1.
#[derive(Params)]
struct Vgg16 {
    /// Channels of the first stage.
    #[param(default = 64, range = 1..=4096)]
    width: i64,
}

impl Architecture for Vgg16 {
    const NAME: &str = "vgg16";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, height, width] = input.image_for(Self::NAME, SMALLEST)?;
        let classes = output.classes_for(Self::NAME)?;
        let round_up = height.min(width) < FULL;
        let mut features = Features { graph, layers: 0 };
        let mut x = features.graph.input();
        let mut inputs = channels;
        for stage in STAGES {
            for times in stage {
                x = features.conv_bn_relu(&x, inputs, times * self.width);
                inputs = times * self.width;
            }
            x = features.halve(&x, round_up);
        }
        x = graph.global_avg_pool("pool", &x);
        x = graph.linear("classifier", &x, inputs, classes);
        graph.output(&output.name, &x);
        Ok(())
    }
}

/// The layers before the head; each has its position as its name.
struct Features<'a> {
    graph: &'a mut GraphBuilder,
    layers: usize,
}

impl Features<'_> {
    fn name(&mut self) -> String {
        self.layers += 1;
        format!("features.{}", self.layers - 1)
    }

    fn conv_bn_relu(&mut self, x: &NodeRef, inputs: i64, outputs: i64) -> NodeRef {
        let [conv, bn, relu] = [self.name(), self.name(), self.name()];
        let y = self.graph.conv2d(&conv, x, Conv2d::new(inputs, outputs, 3).bias());
        let y = self.graph.batch_norm2d(&bn, &y, outputs);
        self.graph.activation(&relu, &y)
    }

    fn halve(&mut self, x: &NodeRef, round_up: bool) -> NodeRef {
        let name = self.name();
        let attrs = json!({ "kernel_size": [2, 2], "ceil_mode": round_up });
        self.graph.node(&name, "aten::max_pool2d", &[x], &[], attrs)
    }
}

export_plugin!(architectures: [Vgg16]);

#[cfg(test)]
mod tests;
