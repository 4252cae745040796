//! The first MobileNet for small images.

use jackpot_plugin_api::prelude::*;

/// Output channels of each block in units of the width, and its stride.
const BLOCKS: [(i64, i64); 13] = [
    (2, 1),
    (4, 2),
    (4, 1),
    (8, 2),
    (8, 1),
    (16, 2),
    (16, 1),
    (16, 1),
    (16, 1),
    (16, 1),
    (16, 1),
    (32, 2),
    (32, 1),
];

/// The smallest side that survives four halvings.
const SMALLEST: i64 = 16;

/// MobileNet for small images, Howard et al. 2017 (arXiv 1704.04861) in the usual CIFAR form.
///
/// A 3 × 3 stem, then thirteen blocks: a 3 × 3 convolution of each channel by itself (depthwise)
/// and a 1 × 1 convolution, each with batch normalisation and the activation. The stem keeps the
/// image's size and four blocks halve it (the original, for 224 × 224 pixels, halves once more, in
/// the stem). Mean over the image, one linear layer. State-dict names are those of the widespread
/// CIFAR collection in PyTorch, `conv1`, `layers.0.conv1` … `linear`, and so are the first values,
/// PyTorch's defaults. At width 32 with 10 classes: 3,217,226 parameters. Takes images from
/// 16 × 16 pixels on.
#[derive(Params)]
struct MobileNet {
    /// Channels of the stem; the paper's width multiplier times 32.
    #[param(default = 32, range = 1..=4096)]
    width: i64,
}

impl Architecture for MobileNet {
    const NAME: &str = "mobilenet";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [channels, ..] = input.image_for(Self::NAME, SMALLEST)?;
        let classes = output.classes_for(Self::NAME)?;
        let mut x = graph.input();
        x = conv_bn_relu(graph, "", 1, &x, Conv2d::new(channels, self.width, 3));
        let mut inputs = self.width;
        for (index, (times, stride)) in BLOCKS.into_iter().enumerate() {
            let (block, outputs) = (format!("layers.{index}."), times * self.width);
            let depthwise = Conv2d::new(inputs, inputs, 3).stride(stride).groups(inputs);
            x = conv_bn_relu(graph, &block, 1, &x, depthwise);
            x = conv_bn_relu(graph, &block, 2, &x, Conv2d::new(inputs, outputs, 1));
            inputs = outputs;
        }
        x = graph.global_avg_pool("pool", &x);
        x = graph.linear("linear", &x, inputs, classes);
        graph.output(&output.name, &x);
        Ok(())
    }
}

fn conv_bn_relu(
    graph: &mut GraphBuilder,
    block: &str,
    number: usize,
    x: &NodeRef,
    conv: Conv2d,
) -> NodeRef {
    let y = graph.conv2d(&format!("{block}conv{number}"), x, conv);
    let y = graph.batch_norm2d(&format!("{block}bn{number}"), &y, conv.outputs);
    graph.activation(&format!("{block}relu{number}"), &y)
}

export_plugin!(architectures: [MobileNet]);

#[cfg(test)]
mod tests;
