//! Skip connections that help early in training and then fade away.

mod branch;
mod geometry;
mod sites;
#[cfg(test)]
mod tests;

use jackpot_plugin_api::prelude::*;

/// The name of the knob that scales every added connection.
const ALPHA: &str = "alpha";

/// A weak 1 × 1 connection beside every larger convolution ("skip injection", arXiv 2101.03255v3).
///
/// Each convolution with a kernel larger than 1 × 1, except those that read the network's input,
/// gets a parallel 1 × 1 convolution: no bias, the same stride and groups, on the pixels under the
/// kernel's centre. Where the convolution goes straight into a batch normalisation, so does the
/// connection, into its own; α times the result is added to the convolution's normalised result,
/// before whatever reads it. Where it does not (LeNet), the connection has no normalisation either
/// and is added to the convolution's own result. The new weights are dense: they are never pruned.
///
/// The paper's networks are residual ones, where that means both convolutions of a basic block (of
/// a bottleneck: the middle one). A depthwise convolution (MobileNet) keeps its groups: its
/// connection is one weight per channel, since a dense one would be many times the convolution.
///
/// With `fade`, α falls linearly from 1 at the first step to exactly 0 at `fade` and stays there;
/// the connections are then out of the network, and out of what is stored and counted as its
/// cost. Without it, or if the training ends before, the network stays the larger one: for
/// ResNet-18 by 1,228,288 parameters.
#[derive(Params)]
struct GhostSkip {
    /// When the connections are gone, such as "60ep"; without it they are permanent.
    fade: Option<Duration>,
    /// What all weights of the new convolutions begin with. Their normalisations begin with scale
    /// 1 and shift 0.
    #[param(default = 1e-4, range = -1e3..=1e3)]
    value: f64,
}

impl Skip for GhostSkip {
    const NAME: &str = "ghost-skip";
    const KNOBS: &[&str] = &[ALPHA];

    fn knob(&self, _: &str, progress: Progress) -> f64 {
        self.fade.map_or(1.0, |fade| alpha(progress.step, fade.steps(progress.steps_per_epoch)))
    }

    fn rewrite(&self, graph: &GraphView, _: &Ctx<'_>) -> Result<Edits, Error> {
        self.edits(graph)
    }
}

impl GhostSkip {
    fn edits(&self, graph: &GraphView) -> Result<Edits, Error> {
        let mut edits = Edits::default();
        for site in sites::find(graph) {
            branch::add(&mut edits, &site, self.value);
        }
        if edits.nodes.is_empty() {
            return Err(Error::new(
                "ghost-skip finds no place in this network: it goes beside convolutions with a \
                 kernel larger than 1 × 1 that do not read the network's input, and there is none",
            ));
        }
        Ok(edits)
    }
}

/// From 1 at step 0 in a straight line to 0 at step `gone`.
fn alpha(step: u64, gone: u64) -> f64 {
    if step >= gone { 0.0 } else { (gone - step) as f64 / gone as f64 }
}

export_plugin!(skips: [GhostSkip]);
