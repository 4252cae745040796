//! The 6n + 2 family of the original paper's CIFAR experiments.

use jackpot_plugin_api::prelude::*;

use crate::block::{Block, Design, Shortcut, build};

/// ResNet-8, the smallest of the 6n + 2 family (n = 1), He et al. 2015 (arXiv 1512.03385).
///
/// A 3 × 3 stem, three stages of n basic blocks with width, 2 and 4 times width channels (the
/// image's side halves before stages 2 and 3), mean over the image, one linear layer. Shortcuts
/// have no parameters: every second pixel, new channels filled with zeros (option A). Convolutions
/// begin with He's normal values by fan-out. At width 16 with 10 classes: 75,290 parameters.
/// Takes square images of at least 8 × 8 pixels.
#[derive(Params)]
pub struct ResNet8 {
    /// Channels of the stem and the first stage.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
}

/// ResNet-20 of the 6n + 2 family (n = 3), He et al. 2015 (arXiv 1512.03385).
///
/// As `resnet8` with three blocks in each stage. At width 16 with 10 classes: 269,722 parameters.
#[derive(Params)]
pub struct ResNet20 {
    /// Channels of the stem and the first stage.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
}

/// ResNet-32 of the 6n + 2 family (n = 5), He et al. 2015 (arXiv 1512.03385).
///
/// As `resnet8` with five blocks in each stage. At width 16 with 10 classes: 464,154 parameters.
#[derive(Params)]
pub struct ResNet32 {
    /// Channels of the stem and the first stage.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
}

/// ResNet-44 of the 6n + 2 family (n = 7), He et al. 2015 (arXiv 1512.03385).
///
/// As `resnet8` with seven blocks in each stage. At width 16 with 10 classes: 658,586 parameters.
#[derive(Params)]
pub struct ResNet44 {
    /// Channels of the stem and the first stage.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
}

/// ResNet-56 of the 6n + 2 family (n = 9), He et al. 2015 (arXiv 1512.03385).
///
/// As `resnet8` with nine blocks in each stage. At width 16 with 10 classes: 853,018 parameters.
#[derive(Params)]
pub struct ResNet56 {
    /// Channels of the stem and the first stage.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
}

/// ResNet-110 of the 6n + 2 family (n = 18), He et al. 2015 (arXiv 1512.03385).
///
/// As `resnet8` with eighteen blocks in each stage. At width 16 with 10 classes: 1,727,962
/// parameters. The paper began its training with a tenth of the learning rate (a warm-up).
#[derive(Params)]
pub struct ResNet110 {
    /// Channels of the stem and the first stage.
    #[param(default = 16, range = 1..=4096)]
    width: i64,
}

fn design(width: i64, blocks: &'static [usize; 3]) -> Design {
    Design { width, blocks, block: Block::Basic, shortcut: Shortcut::Pad, he: true }
}

macro_rules! family {
    ($($item:ident = $name:literal with $blocks:literal blocks;)*) => { $(
        impl Architecture for $item {
            const NAME: &str = $name;
            fn build(
                &self,
                graph: &mut GraphBuilder,
                input: &TensorSpec,
                output: &TensorSpec,
            ) -> Result<(), Error> {
                build(design(self.width, &[$blocks; 3]), graph, input, output)
            }
        }
    )* };
}

family! {
    ResNet8 = "resnet8" with 1 blocks;
    ResNet20 = "resnet20" with 3 blocks;
    ResNet32 = "resnet32" with 5 blocks;
    ResNet44 = "resnet44" with 7 blocks;
    ResNet56 = "resnet56" with 9 blocks;
    ResNet110 = "resnet110" with 18 blocks;
}

#[cfg(test)]
mod tests;
