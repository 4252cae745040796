//! MobileNetV2 for small images.

use jackpot_plugin_api::prelude::*;

/// Of each stage: how often the first convolution of a block multiplies the channels, output
/// channels at width 32, blocks, and the stride of the first of them.
const STAGES: [(i64, i64, usize, i64); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// Channels of the last convolution at width 32.
const LAST: i64 = 1280;

/// The smallest side that survives three halvings.
const SMALLEST: i64 = 8;

/// MobileNetV2 for small images, Sandler et al. 2018 (arXiv 1801.04381) in the usual CIFAR form.
///
/// A 3 × 3 stem, then seventeen blocks: a 1 × 1 convolution to six times the channels (the first
/// block keeps their number), a 3 × 3 convolution of each channel by itself (depthwise) and a
/// 1 × 1 convolution, each with batch normalisation, the first two with the activation. A block of
/// stride 1 adds its input, through a 1 × 1 convolution and batch normalisation where the channels
/// change (the original then adds nothing). Last a 1 × 1 convolution, mean over the image and one
/// linear layer. The stem and the second stage keep the image's size, so three halvings remain of
/// the original's five; ReLU replaces its ReLU6. State-dict names are those of the widespread
/// CIFAR collection in PyTorch, `conv1`, `layers.0.conv1` … `linear`, and so are the first values,
/// PyTorch's defaults. At width 32 with 10 classes: 2,296,922 parameters. Takes images from 8 × 8
/// pixels on.
#[derive(Params)]
struct MobileNetV2 {
    /// Channels of the stem; the paper's width multiplier times 32. All other numbers of channels
    /// follow in proportion, rounded to the nearest, at least 1.
    #[param(default = 32, range = 1..=4096)]
    width: i64,
}

impl Architecture for MobileNetV2 {
    const NAME: &str = "mobilenet-v2";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, ..] = input.image_for(Self::NAME, SMALLEST)?;
        let classes = output.classes_for(Self::NAME)?;
        let mut net = Net { graph };
        let images = net.graph.input();
        let mut x = net.conv_bn("", "1", &images, Conv2d::new(channels, self.width, 3));
        x = net.graph.activation("relu1", &x);
        let (mut inputs, mut index) = (self.width, 0);
        for (expansion, outputs, blocks, stride) in STAGES {
            let outputs = self.scaled(outputs);
            for block in 0..blocks {
                let stride = if block == 0 { stride } else { 1 };
                let name = format!("layers.{index}.");
                x = net.block(&name, &x, [inputs, inputs * expansion, outputs], stride);
                (inputs, index) = (outputs, index + 1);
            }
        }
        let last = self.scaled(LAST);
        x = net.conv_bn("", "2", &x, Conv2d::new(inputs, last, 1));
        x = graph.activation("relu2", &x);
        x = graph.global_avg_pool("pool", &x);
        x = graph.linear("linear", &x, last, classes);
        graph.output(&output.name, &x);
        Ok(())
    }
}

impl MobileNetV2 {
    /// A number of channels at width 32, in proportion.
    fn scaled(&self, channels: i64) -> i64 {
        ((channels * self.width + 16) / 32).max(1)
    }
}

struct Net<'a> {
    graph: &'a mut GraphBuilder,
}

impl Net<'_> {
    /// conv, bn, relu, depthwise conv, bn, relu, conv, bn, + shortcut.
    fn block(&mut self, name: &str, x: &NodeRef, channels: [i64; 3], stride: i64) -> NodeRef {
        let [inputs, inner, outputs] = channels;
        let part = |part: &str| format!("{name}{part}");
        let mut y = self.conv_bn(name, "1", x, Conv2d::new(inputs, inner, 1));
        y = self.graph.activation(&part("relu1"), &y);
        let depthwise = Conv2d::new(inner, inner, 3).stride(stride).groups(inner);
        y = self.conv_bn(name, "2", &y, depthwise);
        y = self.graph.activation(&part("relu2"), &y);
        y = self.conv_bn(name, "3", &y, Conv2d::new(inner, outputs, 1));
        if stride > 1 {
            return y;
        }
        let mut shortcut = x.clone();
        if inputs != outputs {
            let conv = Conv2d::new(inputs, outputs, 1);
            shortcut = self.graph.conv2d(&part("shortcut.0"), x, conv);
            shortcut = self.graph.batch_norm2d(&part("shortcut.1"), &shortcut, outputs);
        }
        self.graph.add(&part("add"), &y, &shortcut)
    }

    fn conv_bn(&mut self, block: &str, number: &str, x: &NodeRef, conv: Conv2d) -> NodeRef {
        let y = self.graph.conv2d(&format!("{block}conv{number}"), x, conv);
        self.graph.batch_norm2d(&format!("{block}bn{number}"), &y, conv.outputs)
    }
}

export_plugin!(architectures: [MobileNetV2]);

#[cfg(test)]
mod tests;
