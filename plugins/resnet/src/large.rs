//! ResNet-18, 34 and 50 in their CIFAR form.

use jackpot_plugin_api::prelude::*;

use crate::block::{Block, Design, Shortcut, build};

/// ResNet-18 for small images, He et al. 2015 (arXiv 1512.03385) in the usual CIFAR form.
///
/// A 3 × 3 stem without pooling, four stages of two basic blocks with width, 2, 4 and 8 times
/// width channels (the image's side halves before stages 2 to 4), shortcuts of a 1 × 1 convolution
/// and batch normalisation where the shape changes, mean over the image, one linear layer.
/// Weights begin with PyTorch's defaults. At width 64 with 10 classes: 11,173,962 parameters.
/// Takes square images of at least 8 × 8 pixels.
#[derive(Params)]
pub struct ResNet18 {
    /// Channels of the stem and the first stage.
    #[param(default = 64, range = 1..=4096)]
    width: i64,
}

/// ResNet-34 for small images, He et al. 2015 (arXiv 1512.03385) in the usual CIFAR form.
///
/// As `resnet18` with 3, 4, 6 and 3 blocks. At width 64 with 10 classes: 21,282,122 parameters.
#[derive(Params)]
pub struct ResNet34 {
    /// Channels of the stem and the first stage.
    #[param(default = 64, range = 1..=4096)]
    width: i64,
}

/// ResNet-50 for small images, He et al. 2015 (arXiv 1512.03385) in the usual CIFAR form.
///
/// As `resnet34` with bottleneck blocks: a 1 × 1, a 3 × 3 and a 1 × 1 convolution, the last to four
/// times the stage's channels. The 3 × 3 one has the stride, as in PyTorch (the paper put it on
/// the first). At width 64 with 10 classes: 23,520,842 parameters.
#[derive(Params)]
pub struct ResNet50 {
    /// Channels of the stem and, inside the blocks, of the first stage.
    #[param(default = 64, range = 1..=4096)]
    width: i64,
}

macro_rules! large {
    ($($item:ident = $name:literal of $blocks:expr, $block:expr;)*) => { $(
        impl Architecture for $item {
            const NAME: &str = $name;
            fn build(
                &self,
                graph: &mut GraphBuilder,
                input: &TensorSpec,
                output: &TensorSpec,
            ) -> Result<(), Error> {
                let design = Design {
                    width: self.width,
                    blocks: &$blocks,
                    block: $block,
                    shortcut: Shortcut::Project,
                    he: false,
                };
                build(design, graph, input, output)
            }
        }
    )* };
}

large! {
    ResNet18 = "resnet18" of [2, 2, 2, 2], Block::Basic;
    ResNet34 = "resnet34" of [3, 4, 6, 3], Block::Basic;
    ResNet50 = "resnet50" of [3, 4, 6, 3], Block::Bottleneck;
}

#[cfg(test)]
mod tests;
