//! What all the networks are made of: stem, stages of blocks, head.

use jackpot_plugin_api::prelude::*;

/// How a block's input reaches its end where size or channels change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// A 1 × 1 convolution and batch normalisation (option B of He et al.).
    Project,
    /// Every second pixel of every second row, new channels filled with zeros (option A).
    Pad,
}

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Two 3 × 3 convolutions.
    Basic,
    /// A 1 × 1, a 3 × 3 and a 1 × 1 convolution to four times the channels.
    Bottleneck,
}

/// The design of one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Design {
    /// Channels of the stem and the first stage; each further stage doubles them.
    pub width: i64,
    /// Blocks in each stage; each stage but the first halves the image's side.
    pub blocks: &'static [usize],
    /// What a block is made of.
    pub block: Block,
    /// The shortcut where size or channels change.
    pub shortcut: Shortcut,
    /// Whether convolutions begin with He's normal values by fan-out, not with PyTorch's default.
    pub he: bool,
}

/// Adds the whole network to an empty graph.
///
/// # Errors
///
/// As [`crate::shape::channels_and_classes`].
pub fn build(
    design: Design,
    graph: &mut GraphBuilder,
    input: &TensorSpec,
    output: &TensorSpec,
) -> Result<(), Error> {
    let (channels, classes) = crate::shape::channels_and_classes(input, output)?;
    let mut net = Net { graph, design };
    let images = net.graph.input();
    let mut x = net.conv_bn("conv1", "bn1", &images, Conv2d::new(channels, design.width, 3));
    x = net.graph.activation("relu", &x);
    let mut inputs = design.width;
    for (stage, &blocks) in design.blocks.iter().enumerate() {
        for block in 0..blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let name = format!("layer{}.{block}", stage + 1);
            let convs = design.block.convolutions(inputs, design.width << stage, stride);
            x = net.block(&name, &x, &convs, stride);
            inputs = convs[convs.len() - 1].outputs;
        }
    }
    x = net.graph.global_avg_pool("pool", &x);
    x = net.graph.linear("linear", &x, inputs, classes);
    net.graph.output(&output.name, &x);
    Ok(())
}

impl Block {
    /// Its convolutions; the 3 × 3 one that comes first has the stride.
    fn convolutions(self, inputs: i64, planes: i64, stride: i64) -> Vec<Conv2d> {
        let wide = Conv2d::new(planes, planes, 3);
        match self {
            Self::Basic => vec![Conv2d::new(inputs, planes, 3).stride(stride), wide],
            Self::Bottleneck => vec![
                Conv2d::new(inputs, planes, 1),
                wide.stride(stride),
                Conv2d::new(planes, 4 * planes, 1),
            ],
        }
    }
}

struct Net<'a> {
    graph: &'a mut GraphBuilder,
    design: Design,
}

impl Net<'_> {
    /// The convolutions, each with batch normalisation, activations between them, + shortcut,
    /// activation.
    fn block(&mut self, name: &str, x: &NodeRef, convs: &[Conv2d], stride: i64) -> NodeRef {
        let part = |part: &str| format!("{name}.{part}");
        let (inputs, outputs) = (convs[0].inputs, convs[convs.len() - 1].outputs);
        let mut y = x.clone();
        for (at, &conv) in convs.iter().enumerate() {
            if at > 0 {
                y = self.graph.activation(&part(&format!("relu{at}")), &y);
            }
            let (conv_name, bn) = (format!("conv{}", at + 1), format!("bn{}", at + 1));
            y = self.conv_bn(&part(&conv_name), &part(&bn), &y, conv);
        }
        let shortcut = if stride == 1 && inputs == outputs {
            x.clone()
        } else {
            self.shortcut(&part("shortcut"), x, inputs, outputs, stride)
        };
        y = self.graph.add(&part("add"), &y, &shortcut);
        self.graph.activation(&part(&format!("relu{}", convs.len())), &y)
    }

    fn shortcut(
        &mut self,
        name: &str,
        x: &NodeRef,
        inputs: i64,
        outputs: i64,
        stride: i64,
    ) -> NodeRef {
        let part = |part: &str| format!("{name}.{part}");
        match self.design.shortcut {
            Shortcut::Project => {
                let conv = Conv2d::new(inputs, outputs, 1).stride(stride);
                self.conv_bn(&part("0"), &part("1"), x, conv)
            }
            Shortcut::Pad => {
                let step = |dim| json!({ "dim": dim, "step": stride });
                let slice = "aten::slice.Tensor";
                let rows = self.graph.node(&part("rows"), slice, &[x], &[], step(2));
                let pixels = self.graph.node(&part("columns"), slice, &[&rows], &[], step(3));
                let before = (outputs - inputs) / 2;
                let after = outputs - inputs - before;
                let pad = json!({ "pad": [0, 0, 0, 0, before, after] });
                self.graph.node(&part("pad"), "aten::constant_pad_nd", &[&pixels], &[], pad)
            }
        }
    }

    fn conv_bn(&mut self, conv: &str, bn: &str, x: &NodeRef, layer: Conv2d) -> NodeRef {
        let layer =
            if self.design.he { layer.init(Initial::he_fan_out(layer.fan_out())) } else { layer };
        let y = self.graph.conv2d(conv, x, layer);
        self.graph.batch_norm2d(bn, &y, layer.outputs)
    }
}
