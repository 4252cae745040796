//! Layer-wise re-scaled initialisation: the ticket's weights, each tensor times one number.

mod algorithm;
mod network;
mod scale;
mod search;

use jackpot_plugin_api::prelude::*;

use algorithm::Algorithm;
use network::Rescaled;
use search::{Search, Settings};

/// Iterations between two lines in the log.
const REPORT: u64 = 30;

/// One factor per parameter tensor such that the first step helps most ("LRsI", arXiv 2101.03255v3):
/// GradInit, Zhu et al. 2021 (arXiv 2102.08098), on the masked network.
///
/// With the weights θ = s·θ₀ of scales s (1 at first), it minimises L(θ − η·A(g)) over s subject to
/// ‖g‖ ≤ γ. L is the mean cross-entropy, whatever the recipe's loss, with batch normalisation by
/// batch statistics; g is its gradient. For `sgd`, A(g) = g/‖g‖₂ and the norm is the L2 norm; for
/// `adam`, A(g) = sign(g) and it is the L1 norm. Each iteration takes two new batches and g on both
/// together. If ‖g‖ > γ, the scales take a step that makes ‖g‖ smaller; otherwise one on
/// L(θ − η·A(g))/η over the first of the two batches and a third one, where A(g) counts as a
/// constant. A scale's slope is clipped, its step is Adam's (β 0.9 and 0.999, ε 1e-8) with one second
/// moment for all steps and an own first moment for either kind of step, and the scale stays at or
/// above the floor.
///
/// Choices: weights and gradients are masked before anything else, so pruned weights are +0.0
/// throughout and count in no norm. All floating-point parameters take part, also those that tweaks
/// added (skips, learned activations), since the first step moves them, too. A tensor that is zero,
/// or became so with its scale, is skipped: its scale stays, but its gradient counts in g and it
/// moves in the trial step. A bias is what PyTorch calls `bias`, a normalisation's included. As in
/// the authors' code, nothing makes sure that ‖g‖ ≤ γ at the end. The L1 norm of n gradients is up
/// to √n times their L2 norm, so `adam` needs a larger γ. A bias whose result is normalised has no
/// effect: its slope is 0, and its scale may follow rounding errors.
#[derive(Params)]
struct Lrsi {
    /// Steps of the scales.
    #[param(default = 180, range = 1..=1_000_000)]
    iterations: u64,
    /// The optimizer whose first step counts: sgd (the normalised gradient) or adam (its sign).
    #[param(default = "sgd", choices = ["sgd", "adam"])]
    algorithm: String,
    /// The length η of the first step.
    #[param(default = 0.1, range = 1e-6..=1e6)]
    eta: f64,
    /// The bound γ of the gradient's norm; "inf" for none.
    #[param(default = 1.0, range = 0.0..)]
    gamma: f64,
    /// The learning rate of the scales.
    #[param(default = 0.01, range = 0.0..=1.0)]
    lr: f64,
    /// The smallest scale of a weight; that of a bias is 0.
    #[param(default = 0.01, range = 0.0..=1.0)]
    floor: f64,
    /// The bound of the absolute slope of each scale; "inf" for none.
    #[param(default = 1.0, range = 1e-6..)]
    clip: f64,
    /// Images of one batch; g is taken on two. The images start over when they are used up.
    #[param(default = 128, range = 1..=65536)]
    batch_size: i64,
    /// The precision of the search.
    #[param(default = "f32", choices = ["f32", "f64"])]
    precision: String,
}

impl Init for Lrsi {
    const NAME: &str = "lrsi";
    const KEEPS_TICKET: bool = true;

    fn initialize(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
        let dtype = if self.precision == "f64" { Dtype::F64 } else { Dtype::F32 };
        let network = Rescaled::new(model, dtype)?;
        let mut search = Search::new(&network, self.settings());
        for iteration in 0..self.iterations {
            search.iterate().map_err(|error| format!("iteration {iteration}: {error}"))?;
            if (iteration + 1) % REPORT == 0 {
                ctx.info(&format!("{} of {}: {}", iteration + 1, self.iterations, search.state()));
            }
        }
        network.store(&search.values())?;
        ctx.info(&search.summary());
        Ok(())
    }
}

impl Lrsi {
    fn settings(&self) -> Settings {
        Settings {
            algorithm: if self.algorithm == "adam" { Algorithm::Adam } else { Algorithm::Sgd },
            eta: self.eta,
            gamma: self.gamma,
            lr: self.lr,
            floor: self.floor,
            clip: self.clip,
            batch_size: self.batch_size,
        }
    }
}

export_plugin!(inits: [Lrsi]);
