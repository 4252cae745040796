//! The 6n + 2 family of the original paper's CIFAR experiments.

use jackpot_plugin_api::prelude::*;

use crate::block::{Design, Shortcut, build};

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

fn design(width: i64, blocks: usize) -> Design {
    Design { width, stages: 3, blocks, shortcut: Shortcut::Pad, he: true }
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
                build(design(self.width, $blocks), graph, input, output)
            }
        }
    )* };
}

family! {
    ResNet8 = "resnet8" with 1 blocks;
    ResNet20 = "resnet20" with 3 blocks;
    ResNet32 = "resnet32" with 5 blocks;
}

#[cfg(test)]
mod tests;
