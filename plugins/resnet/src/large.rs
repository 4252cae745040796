//! ResNet-18 in its CIFAR form.

use jackpot_plugin_api::prelude::*;

use crate::block::{Design, Shortcut, build};

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

impl Architecture for ResNet18 {
    const NAME: &str = "resnet18";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let design = Design {
            width: self.width,
            stages: 4,
            blocks: 2,
            shortcut: Shortcut::Project,
            he: false,
        };
        build(design, graph, input, output)
    }
}

#[cfg(test)]
mod tests;
