//! LeNet-300-100.

use jackpot_plugin_api::prelude::*;

/// LeNet-300-100, LeCun et al. 1998: two hidden linear layers with 300 and 100 units.
///
/// The network of the first lottery tickets (Frankle & Carbin 2018, arXiv 1803.03635), with the
/// state-dict names of open_lth: `fc_layers.0`, `fc_layers.1`, `fc`. Weights begin with PyTorch's
/// defaults (the paper used Glorot's normal values, open_lth He's). Nothing here is a convolution:
/// a draw says `prunable = ["linear"]`. Takes any image, all pixels and channels in a row; on
/// 1 × 28 × 28 with 10 classes: 266,610 parameters.
#[derive(Params)]
pub struct LeNet300100 {
    /// Units of the first hidden layer; the second has a third of them, rounded down, at least 1.
    #[param(default = 300, range = 1..=65536)]
    pub width: i64,
}

impl Architecture for LeNet300100 {
    const NAME: &str = "lenet-300-100";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let pixels = input.image_for(Self::NAME, 1)?.iter().product();
        let classes = output.classes_for(Self::NAME)?;
        let hidden = [self.width, (self.width / 3).max(1)];
        let mut x = graph.input();
        x = graph.flatten("flatten", &x);
        x = graph.linear("fc_layers.0", &x, pixels, hidden[0]);
        x = graph.activation("relu1", &x);
        x = graph.linear("fc_layers.1", &x, hidden[0], hidden[1]);
        x = graph.activation("relu2", &x);
        x = graph.linear("fc", &x, hidden[1], classes);
        graph.output(&output.name, &x);
        Ok(())
    }
}
